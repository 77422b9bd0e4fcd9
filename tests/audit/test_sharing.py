"""What two parts share, by hand."""

from clipforensics.audit.names import part_of
from clipforensics.audit.sharing import Listed, compare_parts
from clipforensics.naming.choosing import choose


def listed(name, content, youtube=None, naming="ffpp"):
    pairs = sorted(content)
    part = part_of(choose(naming), pairs, [None] * len(pairs), name, youtube or {})
    return Listed(name, part, tuple(frozenset(content[pair]) for pair in pairs))


TRAIN = {
    ("FS", "001_002"): {"1", "2"},
    ("FS", "001_002.mp4"): set(),
    ("real", "003"): set(),
    ("", "010"): set(),
}
TEST = {
    ("FS", "c23/001_002_c23"): {"2", "3"},  # the same video, and one frame of it
    ("NT", "001_002"): {"1"},  # a twin: frame 1 of another video
    ("NT", "004_003"): set(),  # its source is in training
    ("youtube", "003.mp4"): set(),  # the same real video
    ("real", "020"): set(),
}


def test_two_parts_that_share_everything():
    content = compare_parts([listed("train", TRAIN), listed("test", TEST)])
    assert content["parts"]["train"] == {
        "n": 4, "n_real": 2, "n_identities": 4, "n_unknown": 0, "n_frames": 2, "n_twice": 1,
    }  # fmt: skip
    assert content["parts"]["test"] == {
        "n": 5, "n_real": 2, "n_identities": 5, "n_unknown": 0, "n_frames": 3, "n_twice": 0,
    }  # fmt: skip
    (pair,) = content["pairs"]
    counts = {key: pair[key] for key in ("identities", "youtube", "twins", "duplicates", "frames", "videos")}
    assert counts == {"identities": 3, "youtube": 0, "twins": 2, "duplicates": 2, "frames": 1, "videos": 4}
    assert pair["examples"]["duplicates"] == ["FS/001_002", "real/003"]
    assert pair["examples"]["frames"] == ["FS/001_002/2"]
    assert pair["examples"]["identities"] == ["001", "002", "003"]
    assert content["leaks"]


def test_three_parts_make_three_pairs_and_none_leaks():
    parts = [listed(name, {("FS", f"{i}01_{i}02"): {"1"}}) for i, name in enumerate(("train", "val", "test"))]
    content = compare_parts(parts)
    assert [(p["first"], p["second"]) for p in content["pairs"]] == [
        ("train", "val"), ("train", "test"), ("val", "test"),
    ]  # fmt: skip
    assert not content["leaks"]
    assert all(pair["examples"] == {} for pair in content["pairs"])


def test_a_video_is_the_same_in_whatever_case_its_manipulation_is_written():
    parts = [listed(name, {(word, "001_002"): {"1"}}) for name, word in (("train", "FS"), ("test", "fs"))]
    (pair,) = compare_parts(parts)["pairs"]
    assert (pair["duplicates"], pair["frames"]) == (1, 1)
    assert (pair["examples"]["duplicates"], pair["examples"]["frames"]) == (["FS/001_002"], ["FS/001_002/1"])


def test_videos_of_unknown_people_are_counted_in_every_part():
    known, unknown = ("Celeb-real", "id0_0000"), [("YouTube-real", f"0017{i}") for i in range(3)]
    parts = [
        listed("train", {key: set() for key in (known, *unknown[:2])}, naming="celebdf"),
        listed("test", {key: set() for key in unknown[2:]}, naming="celebdf"),
    ]
    content = compare_parts(parts)
    assert [row["n_unknown"] for row in content["parts"].values()] == [2, 1]
    assert (content["n_unknown"], content["leaks"]) == (3, False)


def test_five_examples_are_enough():
    parts = [listed(name, {("", f"00{i}"): set() for i in range(7)}) for name in ("train", "test")]
    (pair,) = compare_parts(parts)["pairs"]
    assert (pair["identities"], pair["examples"]["identities"]) == (7, [f"00{i}" for i in range(5)])


def test_sequences_of_one_youtube_video_leak():
    youtube = {"755": "x", "756": "x"}
    parts = [listed("train", {("", "755"): set()}, youtube), listed("test", {("", "756"): set()}, youtube)]
    (pair,) = compare_parts(parts)["pairs"]
    assert (pair["identities"], pair["youtube"], pair["videos"]) == (0, 1, 1)
    assert compare_parts(parts)["leaks"]
