"""Pairs across parts: what names explain is told apart from what they do not."""

import pandas as pd

from clipforensics.duplicates.auditing import audit, summary, with_explanation
from tests.support.videos import make_video

REAL, FAKE, TWIN = (
    make_video("a"), make_video("a", "b", manipulation="FS"), make_video("a", "b", manipulation="NT"),
)  # fmt: skip
COPY, STRANGER, ALONE = make_video("z"), make_video("y", "x", manipulation="NT"), make_video("q")
VIDEOS = [REAL, FAKE, TWIN, COPY, STRANGER, ALONE]


def pairs(*rows):
    table = pd.DataFrame([(*sorted((a.key, b.key)), d, s) for a, b, d, s in rows],
                         columns=["a", "b", "distance", "share"])  # fmt: skip
    return with_explanation(table, VIDEOS)


def parts(train, val, test):
    rows = {"train": train, "val": val, "test": test}
    return {
        part: pd.DataFrame({"key": [v.key for v in of], "label": [v.label for v in of]})
        for part, of in rows.items()
    }


def test_what_shares_a_name_is_explained():
    found = pairs((REAL, FAKE, 0, 1.0), (FAKE, TWIN, 0, 1.0), (REAL, COPY, 2, 1.0), (FAKE, STRANGER, 2, 0.5))
    assert found["explained"].tolist() == [True, True, False, False]


def test_a_youtube_id_and_the_very_bytes_explain_too_and_unknown_people_do_not():
    one, other = make_video("m", target_youtube="t"), make_video("n", target_youtube="t")
    same, bytes_ = make_video("o", sha256="1"), make_video("p", sha256="1")
    lost, lone = make_video("", path="l"), make_video("", take="2", path="k")
    videos = [one, other, same, bytes_, lost, lone]
    table = pd.DataFrame(
        [(videos[i].key, videos[i + 1].key, 0, 1.0) for i in (0, 2, 4)],
        columns=["a", "b", "distance", "share"],
    )
    assert with_explanation(table, videos)["explained"].tolist() == [True, True, False]


def test_videos_of_the_later_part_are_counted_by_class():
    found = audit(
        pairs(
            (REAL, FAKE, 0, 1.0), (REAL, COPY, 2, 0.75), (FAKE, STRANGER, 2, 0.5), (COPY, STRANGER, 2, 0.5)
        ),
        parts([FAKE, COPY], [REAL], [STRANGER, ALONE]),
        {video.key for video in VIDEOS} - {ALONE.key},
    )
    assert found["n_hashed"] == {"train": 2, "val": 1, "test": 1}
    train_test = found["train_test"]
    assert train_test["pairs"] == {"explained": 0, "unexplained": 2}
    assert train_test["videos"] == {
        "real": {"n": 1, "explained": 0, "unexplained": 0},
        "fake": {"n": 1, "explained": 0, "unexplained": 1},
    }
    assert train_test["examples"] == [
        {"video": STRANGER.key, "other": FAKE.key, "distance": 2, "share": 0.5, "same_class": True},
        {"video": STRANGER.key, "other": COPY.key, "distance": 2, "share": 0.5, "same_class": False},
    ]
    assert found["train_val"]["videos"]["real"] == {"n": 1, "explained": 1, "unexplained": 1}
    assert found["val_test"]["pairs"] == {"explained": 0, "unexplained": 0}
    assert "0 look like a training video" in summary(found)
    assert "1 like one whose name says nothing" in summary(found)


def test_pairs_within_a_part_are_nobodys_leak():
    found = audit(pairs((REAL, COPY, 0, 1.0)), parts([REAL, COPY], [FAKE], [STRANGER]), set())
    assert all(sum(found[name]["pairs"].values()) == 0 for name in ("train_test", "val_test", "train_val"))


def test_examples_are_few_and_the_nearest():
    many = [make_video(f"s{i}") for i in range(8)]
    table = pd.DataFrame(
        [(*sorted((COPY.key, video.key)), i // 4, 1.0) for i, video in enumerate(many)],
        columns=["a", "b", "distance", "share"],
    )
    found = audit(with_explanation(table, [COPY, *many]), parts([COPY], [], many), set())
    assert [one["distance"] for one in found["train_test"]["examples"]] == [0, 0, 0, 0, 1]
