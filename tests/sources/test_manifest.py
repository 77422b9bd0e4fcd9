"""A manifest's wrong rows are recorded with what is wrong; the rest is used."""

import os
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import Skipped, Video, check_unique
from clipforensics.sources.manifest import Profile, find_videos
from tests.support.shared_data import FOOTAGE, needs_shared

HEADER = "path,label,manipulation,target,source"


def _find(root: Path, *rows: str, header: str = HEADER) -> tuple[list[Video], list[Skipped]]:
    (root / "list.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return find_videos(Profile(layout="manifest", manifest="list.csv"), root, dataset="m")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4", "c.mp4", "a.webm"):
        (folder / name).touch()
    (tmp_path / "outside.mp4").touch()
    return folder


def test_rows_become_videos_in_their_order(root: Path) -> None:
    videos, skipped = _find(root, "b.mp4,1,Face Swap,t,s", "a.mp4,0,real,t,", "./c.mp4,1,GAN,u,")
    assert not skipped
    assert [(v.key, v.label, v.path) for v in videos] == [
        ("m/Face Swap/-/t_s", 1, "b.mp4"),
        ("m/real/-/t", 0, "a.mp4"),
        ("m/GAN/-/u", 1, "c.mp4"),
    ]


def test_names_may_hold_blanks_quotes_commas_and_letters_of_any_alphabet(root: Path) -> None:
    wild = "ü 'q\" ñ,名.mp4"
    (root / wild).touch()
    quoted = '"' + wild.replace('"', '""') + '"'
    (video,), skipped = _find(root, f"{quoted},0,real,{quoted},")
    assert not skipped
    assert (video.path, video.target) == (wild, wild)


def test_further_columns_and_a_byte_order_mark_do_not_matter(root: Path) -> None:
    (root / "list.csv").write_text(f"\ufeffcodec,{HEADER}\nh264,a.mp4,0,real,t,\n", encoding="utf-8")
    videos, _ = find_videos(Profile(layout="manifest", manifest="list.csv"), root, dataset="m")
    assert [v.key for v in videos] == ["m/real/-/t"]


def test_take_is_the_stem_only_where_keys_would_clash(root: Path) -> None:
    videos, _ = _find(root, "a.mp4,0,real,t,", "b.mp4,0,real,t,", "c.mp4,1,GAN,t,")
    assert [v.take for v in videos] == ["a", "b", ""]
    check_unique(videos)


def test_a_given_take_is_kept(root: Path) -> None:
    rows = ("a.mp4,0,real,t,,one", "b.mp4,0,real,t,,two", "c.mp4,0,real,u,,")
    videos, _ = _find(root, *rows, header=f"{HEADER},take")
    assert [v.take for v in videos] == ["one", "two", ""]


def test_others_are_further_identities_in_the_video(root: Path) -> None:
    rows = ("a.mp4,0,real,t,,u+w", "b.mp4,1,GAN,t,s,", "c.mp4,0,real,v,, u")
    videos, skipped = _find(root, *rows, header=f"{HEADER},others")
    assert [v.people for v in videos] == [("t", "u", "w"), ("t", "s")]
    assert "others ' u' has blanks around it" in skipped[0].reason


def test_stems_that_clash_too_are_an_error_with_a_remedy(root: Path) -> None:
    videos, _ = _find(root, "a.mp4,0,real,t,", "a.webm,0,real,t,")
    with pytest.raises(InputError, match=r"same key .* another target, source or take"):
        check_unique(videos)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.mp4,2,GAN,t,", "label '2' must be 0"),
        ("a.mp4,,GAN,t,", "label '' must be 0"),
        ("a.mp4,fake,GAN,t,", "label 'fake' must be 0"),
        ("a.mp4,0,GAN,t,", "label 0 does not go with manipulation 'GAN'"),
        ("a.mp4,1,real,t,", "label 1 does not go with manipulation 'real'"),
        ("a.mp4,1,,t,", "manipulation '' must be"),
        ("a.mp4,1,rest,t,", "reserved word"),
        ("a.mp4,1,A+B,t,", "manipulation 'A\\+B' must be"),
        ("a.mp4,1,../../x,t,", "must be letters"),
        ("a.mp4,0,real,,", "target '' is empty"),
        ("a.mp4,0,real,t,s", "source 's' must be empty for a real video"),
        ("a.mp4,0,real, t,", "target ' t' has blanks around it"),
        ("a.mp4,1,GAN,t,x/y", "source 'x/y' must not hold"),
        (",0,real,t,", "path '' is empty"),
        ("none.mp4,0,real,t,", "'none.mp4' does not exist"),
        ("../outside.mp4,0,real,t,", "must be relative and below the root"),
        ("x/../a.mp4,0,real,t,", "must be relative and below the root"),
        ("/etc/passwd,0,real,t,", "must be relative and below the root"),
        ("link.mp4,0,real,t,", "a link that leads out of the root"),
        ("a.mp4,0,real", "more or fewer cells"),
        ("a.mp4,0,real,t,,extra", "more or fewer cells"),
        (f"{'x' * 5000},0,real,t,", "cannot be looked up"),
    ],
)
def test_a_wrong_row_is_recorded_and_the_rest_used(row: str, reason: str, root: Path) -> None:
    (root / "link.mp4").symlink_to(root.parent / "outside.mp4")
    videos, skipped = _find(root, "b.mp4,0,real,t,", row, "c.mp4,1,GAN,t,")
    assert [v.path for v in videos] == ["b.mp4", "c.mp4"]
    assert len(skipped) == 1
    assert skipped[0].stage == "ingest"
    assert skipped[0].reason.startswith("row 3 of list.csv: ")
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(skipped[0].reason)
    assert "\n" not in skipped[0].reason


def test_a_link_out_of_the_root_is_listed_where_links_are_followed(root: Path) -> None:
    (root / "link.mp4").symlink_to(root / "a.mp4")
    (root.parent / "away.mp4").touch()
    (root / "far.mp4").symlink_to(root.parent / "away.mp4")
    (root / "list.csv").write_text(f"{HEADER}\nlink.mp4,0,real,t,\nfar.mp4,1,GAN,t,\n")
    profile = Profile(layout="manifest", manifest="list.csv", follow_links=True)
    videos, skipped = find_videos(profile, root, dataset="set")
    assert [v.path for v in videos] == ["link.mp4", "far.mp4"]
    assert not skipped


def test_a_pipe_as_manifest_is_refused_and_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.csv")
    profile = Profile(layout="manifest", manifest="pipe.csv")
    with pytest.raises(InputError, match="not a regular file"):
        find_videos(profile, root, dataset="set")


def test_a_path_given_twice_is_recorded(root: Path) -> None:
    videos, skipped = _find(root, "a.mp4,0,real,t,", "./a.mp4,1,GAN,t,")
    assert len(videos) == 1
    assert skipped[0].reason == "row 3 of list.csv: path './a.mp4' is already in row 2; remove one"


@pytest.mark.parametrize("missing", HEADER.split(","))
def test_a_missing_column_is_named(missing: str, root: Path) -> None:
    header = ",".join(name for name in HEADER.split(",") if name != missing)
    with pytest.raises(InputError, match=rf"lacks the column\(s\) {missing}"):
        _find(root, header=header)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00", b'path,label\n"a'])
def test_what_is_no_csv_is_named(content: bytes, root: Path) -> None:
    (root / "list.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"manifest .*list\.csv.* (lacks|cannot be read)"):
        find_videos(Profile(layout="manifest", manifest="list.csv"), root, dataset="m")


def test_a_missing_manifest_is_named(root: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv.*does not exist; set `manifest`"):
        find_videos(Profile(layout="manifest", manifest="none.csv"), root, dataset="m")


@needs_shared
def test_real_footage() -> None:
    profile = Profile(layout="manifest", manifest="videos.csv")
    videos, skipped = find_videos(profile, FOOTAGE, dataset="footage")
    assert not skipped
    assert len(videos) == 28
    assert sum(v.label for v in videos) == 11
    check_unique(videos)


def test_a_mask_is_a_path_like_any_other_and_of_a_fake(root: Path) -> None:
    header = f"{HEADER},mask"
    videos, skipped = _find(
        root, "a.mp4,1,GAN,t,s,./b.mp4", "b.mp4,0,real,t,,", "c.mp4,0,real,u,,a.mp4",
        "a.webm,1,GAN,v,w,no.mp4", header=header,
    )  # fmt: skip
    assert [(v.path, v.mask) for v in videos] == [("a.mp4", "b.mp4"), ("b.mp4", "")]
    assert [one.reason.split(": ", 1)[1] for one in skipped] == [
        "mask 'a.mp4' must be empty for a real video; correct it",
        "mask 'no.mp4' does not exist below the root; correct it",
    ]
