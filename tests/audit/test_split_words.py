"""Split files in words: no more than the counts carry."""

from clipforensics.audit import split_words

NOTHING = {
    "identities": 0,
    "youtube": 0,
    "twins": 0,
    "duplicates": 0,
    "frames": 0,
    "videos": 0,
    "examples": {},
}
PART = {"n": 1280, "n_real": 3, "n_identities": 9, "n_unknown": 0, "n_frames": 4, "n_twice": 0}


def content(*pairs, n_unknown=0, naming="ffpp", youtube_ids=True, **parts):
    parts = {name: {**PART, **row} for name, row in ({"train": {}, "val": {}, "test": {}} | parts).items()}
    return {
        "parts": parts,
        "pairs": [{**NOTHING, "first": first, "second": second, **row} for first, second, row in pairs],
        "n_unknown": n_unknown,
        "naming": {"name": naming, "youtube_ids": youtube_ids},
        "inputs": [{"file": "<b>train.txt", "sha256": "0123456789abcdef"}],
    }


CLEAN = content(("train", "val", {}), ("train", "test", {}))
LEAKING = content(
    ("train", "val", {"identities": 9, "videos": 9, "examples": {"identities": ["001"]}}),
    ("train", "test", {"identities": 2, "frames": 1, "videos": 3, "examples": {"frames": ["FS/<i>/3"]}}),
    test={"n_twice": 5},
)


def test_nothing_shared_is_said_only_where_everybody_is_known():
    said = "No identity, twin, frame or video is known to be in two of train, val and test"
    assert split_words.headline(CLEAN) == said
    without = content(("train", "val", {}), youtube_ids=False)
    assert split_words.headline(without) == f"{said}, {split_words.NO_YOUTUBE}"
    assert split_words.headline(content(("train", "val", {}), naming="celebdf", youtube_ids=False)) == said
    assert split_words.points(CLEAN) == []
    unknown = content(("train", "val", {}), n_unknown=7, val={"n_unknown": 7})
    assert split_words.headline(unknown) == (
        "No identity, twin, frame or video is known to be in two of train, val and test, but it is not known"
        " who is in 7 videos"
    )
    (said,) = split_words.points(unknown)
    assert said == "It is not known who is in 7 videos of val: what they share goes unseen."


def test_the_worst_pair_stands_first_and_every_pair_is_told():
    assert split_words.headline(LEAKING) == "train and test share 1 frame and 2 identities"
    first, second, twice = split_words.points(LEAKING)
    assert first == (
        "train and val share 9 identities; 9 of 1\u202f280 videos of val show somebody of train. Such as"
        " identities: 001."
    )
    assert second.startswith("train and test share 1 frame and 2 identities; 3 of 1\u202f280 videos of test")
    assert twice == "test lists 5 videos twice, under two names."


def test_one_of_a_kind_and_several_are_named():
    kinds = {
        "duplicates": "1 video and 2 videos", "frames": "1 frame and 2 frames",
        "twins": "1 twin and 2 twins", "identities": "1 identity and 2 identities",
        "youtube": "1 YouTube video and 2 YouTube videos",
    }  # fmt: skip
    for kind, expected in kinds.items():
        assert " and ".join(split_words.shared({**NOTHING, kind: n}) for n in (1, 2)) == expected


def test_the_page_holds_every_count_and_escapes_names():
    page = split_words.render(LEAKING)
    assert "<h1>train and test share 1 frame and 2 identities</h1>" in page
    assert "<i>" not in page
    assert "FS/&lt;i&gt;/3" in page
    assert "<b>train" not in page
    assert page.count('<th scope="row">') == 2 + 3
    assert "<script" not in page
    assert split_words.render(LEAKING) == page
