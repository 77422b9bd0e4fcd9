"""Names to identities, reals, leaks; and the error where two files name videos in two ways."""

import numpy as np
import pytest

from clipforensics.audit.names import identities, leak_audit, leak_flags, read_names
from clipforensics.audit.reading import FrameScores, read_scores
from clipforensics.core.faults import InputError
from tests.support.score_files import TRAIN, VIDEOS, write_scores


def scored(videos):
    """Scores of one frame a video, from `(manipulation, video, label)`."""
    ordered = sorted(videos)
    n = len(ordered)
    labels = np.array([label for *_, label in ordered])
    pairs = tuple((m, v) for m, v, _ in ordered)
    return FrameScores(pairs, labels, np.arange(n), np.zeros(n, dtype=np.int64), np.zeros(n))


def names_of(videos, train, *, reals=(), disjoint=False):
    return read_names(scored(videos), train, reals=reals, disjoint=disjoint)


def flags_of(videos, train, **options):
    """(manipulation, name) -> row of leak flags."""
    names = names_of(videos, train, **options)
    rows = leak_flags(names).to_dict("records")
    return {(v.manipulation, v.path): row for v, row in zip(names.videos, rows, strict=True)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("000_003", ("000", "003")),
        ("000_003.mp4", ("000", "003")),
        ("a.b_c.AVI", ("a.b", "c")),
        ("000", ("000", "")),
        ("000.mp4", ("000", "")),
        ("id0_id1_0003", ("id0_id1_0003", "")),
        ("_003", ("_003", "")),
        ("003_", ("003_", "")),
        ("_", ("_", "")),
    ],
)
def test_target_and_source_of_a_name(name, expected):
    assert identities(name) == expected


def test_flags_of_the_small_files(tmp_path):
    names = read_names(read_scores(write_scores(tmp_path / "a.csv", VIDEOS)), TRAIN, reals=(), disjoint=False)
    flags = leak_flags(names).set_index("key")
    shown = {v.name: flags.loc[i] for i, v in enumerate(names.videos)}
    assert [name for name, row in shown.items() if row["twin"]] == ["001_002", "003_004"]
    assert [name for name, row in shown.items() if row["any_seen"]] == ["001_002", "001_030", "003_004"]
    assert flags["trained_on"].sum() == 0
    assert shown["001_002"]["group"] == shown["001_030"]["group"] != shown["003_004"]["group"]
    assert names.n_sharing == 3  # real 001 and two FaceSwap videos
    assert names.reals == ("real",)
    assert names.unparsed == ()


def test_a_training_video_among_the_scored_ones_is_told_by_manipulation_and_name():
    train = [("DF", "1_2"), ("NT", "3_4"), ("real", "9")]
    flags = flags_of([("NT", "1_2", 1), ("NT", "3_4", 1), ("real", "9", 0), ("real", "1", 0)], train)
    assert {key for key, row in flags.items() if row["trained_on"]} == {("NT", "3_4"), ("real", "9")}
    assert {key for key, row in flags.items() if row["twin"]} == {("NT", "1_2"), ("NT", "3_4")}


def test_a_file_ending_hides_no_leak():
    flags = flags_of([("NT", "1_2.mp4", 1), ("real", "9.MP4", 0)], [("NT", "1_2"), ("real", "9")])
    assert all(row["trained_on"] for row in flags.values())
    assert flags["NT", "1_2.mp4"]["twin"]


def test_reals_are_those_of_label_0_and_those_called_so():
    videos = [("Real_youtube", "1", 0), ("NT", "1_2", 1)]
    train = [("Real_youtube", "5"), ("original_sequences", "6"), ("PRISTINE", "7"), ("Realistic", "8_9")]
    names = names_of(videos, [*train, ("FS", "1_2")])
    assert names.reals == ("PRISTINE", "Real_youtube", "original_sequences")
    assert [v.label for v in names.train] == [0, 0, 0, 1, 1]


def test_one_word_for_reals_in_each_file_means_the_same():
    """Not where a file has two: Real_actors/5 and Real_youtube/5 are different footage."""
    one = flags_of([("Real_youtube", "5", 0), ("NT", "1_2", 1)], [("real", "5"), ("FS", "1_2")])
    assert one["Real_youtube", "5"]["trained_on"]
    two = flags_of(
        [("Real_youtube", "5", 0), ("Real_actors", "5", 0), ("NT", "1_2", 1)],
        [("Real_youtube", "5"), ("FS", "1_2")],
    )
    assert not two["Real_actors", "5"]["trained_on"]


def test_reals_can_be_named():
    videos, train = [("clean", "1", 0), ("NT", "1_2", 1)], [("genuine", "2"), ("FS", "3_4")]
    assert [v.label for v in names_of(videos, train).train] == [1, 1]
    names = names_of(videos, train, reals=["genuine"])
    assert names.reals == ("clean", "genuine")
    assert [v.label for v in names.train] == [0, 1]


@pytest.mark.parametrize(
    ("videos", "reals", "words"),
    [
        ([("NT", "1_2", 1), ("real", "1", 0)], ["NT"], "--real 'NT': has label 1 in SCORES"),
        ([("NT", "1_2", 1), ("real", "1", 0)], ["rael"], "--real 'rael': is in neither file; give"),
        ([("all", "1_2", 1), ("all", "1", 0)], [], "manipulation 'all' has videos of label 0 and of label 1"),
    ],
)  # fmt: skip
def test_reals_that_cannot_be(videos, reals, words):
    with pytest.raises(InputError) as caught:
        names_of(videos, [("FS", "1_2")], reals=reals)
    assert words in str(caught.value)


def test_names_of_another_form_are_counted_and_are_identities_of_their_own():
    videos = [("NT", "id0_id1_0003", 1), ("NT", "id0_id1_0004", 1), ("NT", "7", 1)]
    videos += [("real", "id0_0001", 0), ("real", "id0_0002", 0)]
    names = names_of(videos, [("FS", "id0_id1_0003"), ("real", "id0_0001")])
    assert names.unparsed == ("7", "id0_id1_0003", "id0_id1_0004")  # a real name is taken whole
    flags = leak_flags(names)
    assert flags["group"].nunique() == 5
    assert flags["twin"].sum() == 0
    assert flags["any_seen"].tolist() == [0, 1, 0, 1, 0]


def test_files_that_share_nothing_are_refused_with_names_of_both():
    videos = [("NT", "000_003", 1), ("real", "000", 0)]
    train = [("FS", "DF_0_3"), ("real", "youtube-000")]
    with pytest.raises(InputError) as caught:
        names_of(videos, train)
    for words in ("'NT/000_003'", "'real/000'", "'FS/DF_0_3'", "'real/youtube-000'", "--disjoint"):
        assert words in str(caught.value)
    names = names_of(videos, train, disjoint=True)
    assert names.n_sharing == 0
    assert leak_flags(names)["any_seen"].sum() == 0


def test_one_shared_source_is_enough_to_join():
    assert names_of([("NT", "000_003", 1), ("real", "000", 0)], [("FS", "9_003")]).n_sharing == 1


def test_the_audit_counts_each_manipulation():
    videos = [("NT", "1_2", 1), ("DF", "1_2", 1), ("DF", "8_9", 1), ("real", "1", 0), ("real", "7", 0)]
    counts = leak_audit(names_of(videos, [("DF", "1_2"), ("real", "7")]))
    assert counts["fake"]["trained_on"] == 1
    assert counts["real"]["trained_on"] == 1
    assert {name: row["trained_on"] for name, row in counts["manipulations"].items()} == {"DF": 1, "NT": 0}
    assert {name: row["twin"] for name, row in counts["manipulations"].items()} == {"DF": 1, "NT": 1}
    assert counts["real"]["any_seen"] == 2
