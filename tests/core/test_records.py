"""Videos: keys, and the table that every later stage reads."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.core.records import REPEATED, Video, check_unique, read_videos, write_records

VIDEO = Video(
    "ffpp", "FaceSwap", "c23", "000", "003", "", 1, "yt0", "", "m/000_003.mp4", 300, 640, 480, 9, "ab"
)


def test_one_name_under_two_manipulations_is_two_videos():
    other = replace(VIDEO, manipulation="Deepfakes", path="d/000_003.mp4")
    assert VIDEO.name == other.name == "000_003"
    assert VIDEO.key == "ffpp/FaceSwap/c23/000_003" != other.key
    check_unique([VIDEO, other])


def test_real_and_take_names():
    assert replace(VIDEO, source="", take="").name == "000"
    assert replace(VIDEO, source="", take="orig").name == "000~orig"
    assert replace(VIDEO, compression="").key == "ffpp/FaceSwap/-/000_003"


def test_everybody_in_a_video_is_named_once_and_an_empty_name_is_nobody():
    assert VIDEO.people == ("000", "003")
    assert replace(VIDEO, source="000", others="005+000+").people == ("000", "005")
    assert replace(VIDEO, target="", source="").people == ()


def test_a_fake_of_one_known_face_is_of_unknown_people():
    real = replace(VIDEO, manipulation="real", label=0, source="")
    assert [video.unknown for video in (VIDEO, real)] == [False, False]
    lost = [replace(VIDEO, source=""), replace(VIDEO, target=""), replace(real, target="", others="005")]
    assert [video.unknown for video in lost] == [True, True, True]


def test_two_videos_of_one_key_are_refused_with_both_paths():
    with pytest.raises(InputError, match=r"'n/000_003\.mp4' and 'm/000_003\.mp4'"):
        check_unique([VIDEO, replace(VIDEO, path="n/000_003.mp4")])


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8)


@given(target=TEXT, path=TEXT, n=st.integers(0, 10**12), rate=st.floats(0, 1e6))
def test_any_name_survives_the_table(tmp_path_factory, target, path, n, rate):
    video = replace(VIDEO, target=target, path=path, n_bytes=n, frame_rate=rate)
    file = tmp_path_factory.mktemp("t") / "videos.csv"
    write_records(file, Video, [VIDEO, video])
    assert read_videos(file) == [VIDEO, video]


def test_a_table_without_a_column_or_with_a_bad_number(tmp_path):
    file = tmp_path / "videos.csv"
    write_records(file, Video, [VIDEO])
    text = file.read_text()
    file.write_text(text.replace("sha256", "md5"))
    with pytest.raises(InputError, match="sha256"):
        read_videos(file)
    file.write_text(text.replace(",300,", ",many,"))
    with pytest.raises(InputError, match="'many'"):
        read_videos(file)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("cut", "another number of cells than the table has columns"),
        ("longer", "another number of cells"),
        ("of a later version", r"columns \['colour'\] are unknown"),
    ],
)
def test_a_table_that_is_cut_short_or_of_another_version(tmp_path, row, told):
    file = tmp_path / "videos.csv"
    write_records(file, Video, [VIDEO])
    header, line = file.read_text().splitlines()
    changed = {
        "cut": f"{header}\n{line.rpartition(',')[0]}\n",
        "longer": f"{header}\n{line},more\n",
        "of a later version": f"{header},colour\n{line},red\n",
    }
    file.write_text(changed[row])
    with pytest.raises(InputError, match=told):
        read_videos(file)


def test_what_many_videos_share_is_in_memory_once(tmp_path):
    write_records(tmp_path / "videos.csv", Video, [VIDEO, replace(VIDEO, target="other")])
    one, other = read_videos(tmp_path / "videos.csv")
    for name in REPEATED:
        assert getattr(one, name) is getattr(other, name)
