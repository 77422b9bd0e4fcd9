"""Pairs across parts: what names explain is told apart from what they do not."""

import pandas as pd
import pytest

from clipforensics.core.faults import InputError
from clipforensics.duplicates.auditing import Likeness, audit, check_clean, summary, with_explanation
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
        part: pd.DataFrame(
            {name: [getattr(v, name) for v in of] for name in ("key", "label", "manipulation")}
        )
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
    assert train_test["manipulations"] == {"NT": {"n": 1, "explained": 0, "unexplained": 1}}
    assert train_test["compared"] == 2, "training's two with the one of the test's two that has a hash"
    assert train_test["examples"] == [
        {"video": STRANGER.key, "other": FAKE.key, "distance": 2, "share": 0.5, "same_class": True},
        {"video": STRANGER.key, "other": COPY.key, "distance": 2, "share": 0.5, "same_class": False},
    ]
    assert found["train_val"]["videos"]["real"] == {"n": 1, "explained": 1, "unexplained": 1}
    assert found["train_val"]["manipulations"] == {}
    assert found["val_test"]["pairs"] == {"explained": 0, "unexplained": 0}
    assert "0 look like a training video" in summary(found)
    assert "1 like one whose name says nothing" in summary(found)


def test_other_data_sets_are_counted_apart_and_the_gate_hears_of_them():
    other = make_video("o", manipulation="real@other", dataset="other", label=0)
    near = pd.DataFrame([(*sorted((REAL.key, other.key)), 1, 1.0)], columns=["a", "b", "distance", "share"])
    near = with_explanation(near, [*VIDEOS, other])
    train, test = [REAL, FAKE], [STRANGER, ALONE]
    hashed = {video.key for video in (*VIDEOS, other)}
    alone = audit(near, parts(train, [COPY], test), hashed)
    found = audit(near, parts(train, [COPY], [*test, other]), hashed)
    (elsewhere,) = found.pop("elsewhere").values()
    assert found == alone
    assert elsewhere["n_hashed"]["test"] == 1
    assert elsewhere["train_test"]["videos"]["real"] == {"n": 1, "explained": 0, "unexplained": 1}
    assert "train_val" not in elsewhere
    check_clean("split grouped of FS", found)
    with pytest.raises(
        InputError, match="split grouped of FS, tested on other, 1 of 1 test videos look like"
    ):
        check_clean("split grouped of FS", found | {"elsewhere": {"other": elsewhere}})


def test_names_of_another_data_set_explain_nothing_between_two_of_the_first():
    one, two = make_video("m", target_youtube="t"), make_video("n")
    tie = make_video("n", target_youtube="t", dataset="other", identities_of=one.dataset)
    table = pd.DataFrame([(one.key, two.key, 0, 1.0)], columns=["a", "b", "distance", "share"])
    assert with_explanation(table, [one, two, tie])["explained"].tolist() == [False]


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


def test_the_gate_stops_at_what_no_name_explains_in_training_and_in_validation_and_names_the_nearest():
    near = pairs((REAL, COPY, 2, 1.0), (FAKE, STRANGER, 0, 0.5))
    found = audit(near, parts([FAKE], [REAL], [STRANGER, COPY]), set())
    with pytest.raises(InputError) as error:
        check_clean("split grouped of FS", found)
    assert str(error.value) == (
        "split.on_leak is fail, and in split grouped of FS 1 of 2 test videos look like one of training and 1"
        f" one of validation whose name says nothing of it, first {STRANGER.key!r} and {FAKE.key!r}; look at"
        " them, then name who is in them or take copies out, lower duplicates.distance if they are only taken"
        " for alike, or set split.on_leak to report"
    )
    found = audit(near, parts([ALONE], [REAL], [STRANGER, COPY]), set())
    with pytest.raises(InputError, match=f"0 of 2 .* 1 one of validation .* first {COPY.key!r}"):
        check_clean("split grouped of FS", found)


def test_the_gate_lets_pass_what_names_explain_and_what_training_alone_shares_with_validation():
    near = pairs((REAL, FAKE, 0, 1.0), (FAKE, TWIN, 0, 1.0), (COPY, STRANGER, 0, 1.0))
    check_clean("s", audit(near, parts([FAKE, COPY], [STRANGER], [TWIN, REAL]), set()))


def test_another_likeness_has_its_own_words_and_measures():
    table = pd.DataFrame([(FAKE.key, STRANGER.key, 0.5)], columns=["a", "b", "cosine"])
    faces = Likeness(("cosine",), "n_with_face", "show a face as in", "raise it")
    found = audit(with_explanation(table, VIDEOS), parts([FAKE], [], [STRANGER]), {FAKE.key}, faces)
    assert found["n_with_face"] == {"train": 1, "val": 0, "test": 0}
    (example,) = found["train_test"]["examples"]
    assert example == {"video": STRANGER.key, "other": FAKE.key, "cosine": 0.5, "same_class": True}
    assert "0 show a face as in a training video" in summary(found, faces)
    with pytest.raises(InputError, match=r"1 of 1 test videos show a face as in one of training .* raise it"):
        check_clean("s", found, faces)
