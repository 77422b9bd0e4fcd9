"""What a publisher puts around a name, and what is left of it."""

import pytest

from clipforensics.naming.people import People, bare, parts_of, show, without_ending


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("040_997", "040_997"),
        ("040_997.mp4", "040_997"),
        ("040_997.AVI", "040_997"),
        ("040_997_c40", "040_997"),
        ("040_997_c23.mp4", "040_997"),
        ("vid_040_997", "040_997"),
        ("video_040_997_c40_frames", "040_997"),
        ("NeuralTextures/c40/videos/040_997.mp4", "040_997"),
        ("D:\\ffpp\\040_997_faces\\", "040_997"),
        ("./040_997/", "040_997"),
        ("040-997", "040-997"),
        ("040_997_v2", "040_997_v2"),
        ("a.b", "a.b"),
        ("vid_00012", "00012"),
        ("", ""),
        ("///", ""),
    ],
)
def test_what_is_left_of_a_published_name(name, expected):
    assert bare(name) == expected


def test_parts_of_a_path_in_either_writing():
    assert parts_of("/a/./b\\c.mp4 ") == ["a", "b", "c.mp4"]


def test_everybody_once_and_nobody_unknown():
    assert People("x", "a", "", ("b", "a")).ids == ("a", "b")
    assert People("x").ids == ()


def test_a_name_in_a_message_is_short_and_has_no_control_characters():
    assert show(("NT", "a\x1b[31m\nb")) == r"'NT/a\x1b[31m\nb'"
    assert len(show("x" * 1000)) < 70


def test_a_published_name_keeps_a_picture_s_ending_and_a_file_s_does_not():
    assert bare("a/033_097.png") == "033_097.png"
    assert [without_ending(f"a/b{end}") for end in (".png", ".GIF", ".mp4", ".txt", "")] == [
        "a/b",
        "a/b",
        "a/b",
        "a/b.txt",
        "a/b",
    ]
