"""What training and validation have seen of each scored video."""

import pytest

from clipforensics.audit.leaks import leak_audit, leak_flags
from clipforensics.audit.lists import UNSAID
from clipforensics.audit.names import read_names
from clipforensics.audit.reading import read_scores
from clipforensics.naming.choosing import choose
from tests.audit.test_names import names_of, scored
from tests.support.score_files import TRAIN, VIDEOS, write_scores


def flags_of(videos, train, **options):
    """(manipulation, name) -> row of leak flags."""
    names = names_of(videos, train, **options)
    rows = leak_flags(names).to_dict("records")
    return {(v.manipulation, v.path): row for v, row in zip(names.videos, rows, strict=True)}


def test_flags_of_the_small_files(tmp_path):
    names = read_names(read_scores(write_scores(tmp_path / "a.csv", VIDEOS)), TRAIN, naming=choose())
    flags = leak_flags(names).set_index("key")
    shown = {v.name: flags.loc[i] for i, v in enumerate(names.videos)}
    assert [name for name, row in shown.items() if row["twin"]] == ["001_002", "003_004"]
    assert [name for name, row in shown.items() if row["any_seen"]] == ["001_002", "001_030", "003_004"]
    assert flags["trained_on"].sum() == flags["unknown"].sum() == 0
    assert shown["001_002"]["group"] == shown["001_030"]["group"] != shown["003_004"]["group"]
    assert names.n_sharing == 3  # real 001 and two FaceSwap videos
    assert names.reals == ("real",)
    assert not {"val_any_seen", "val_twin"} & set(flags.columns)


def test_a_training_video_among_the_scored_ones_is_told_by_manipulation_and_name():
    train = [("DF", "001_002"), ("NT", "003_004"), ("real", "009")]
    videos = [("NT", "001_002", 1), ("NT", "003_004", 1), ("real", "009", 0), ("real", "001", 0)]
    flags = flags_of(videos, train)
    assert {key for key, row in flags.items() if row["trained_on"]} == {("NT", "003_004"), ("real", "009")}
    assert {key for key, row in flags.items() if row["twin"]} == {("NT", "001_002"), ("NT", "003_004")}


def test_neither_a_path_nor_an_ending_hides_a_leak():
    train = [("NT", "001_002"), ("real", "c40/009.mp4")]
    flags = flags_of([("NT", "NT/001_002_c40.mp4", 1), ("real", "009.MP4", 0)], train)
    assert all(row["trained_on"] for row in flags.values())
    assert flags["NT", "NT/001_002_c40.mp4"]["twin"]


def test_one_word_for_reals_in_each_file_means_the_same():
    """Not where a file has two: Real_actors/005 and Real_youtube/005 are different footage."""
    one = flags_of([("Real_youtube", "005", 0), ("NT", "001_002", 1)], [("real", "005"), ("FS", "001_002")])
    assert one["Real_youtube", "005"]["trained_on"]
    two = flags_of(
        [("Real_youtube", "005", 0), ("Real_actors", "005", 0), ("NT", "001_002", 1)],
        [("Real_youtube", "005"), ("FS", "001_002")],
    )
    assert not two["Real_actors", "005"]["trained_on"]


@pytest.mark.parametrize(
    ("in_scores", "in_train"),
    [
        (["Celeb-real", "YouTube-real"], ["real", "real"]),
        (["real", "real"], ["Celeb-real", "YouTube-real"]),
        (["Celeb-real", "YouTube-real"], [UNSAID, UNSAID]),
        (["real", "real"], [UNSAID, "real"]),
        (["Celeb-real", "YouTube-real"], ["celeb-REAL", "youtube-REAL"]),
    ],
)
def test_the_same_reals_by_other_words_are_trained_on(in_scores, in_train):
    clips = ("id1_0000", "00170")
    videos = [(word, clip, 0) for word, clip in zip(in_scores, clips, strict=True)]
    train = [*zip(in_train, clips, strict=True), ("syn", "id1_id2_0000")]
    flags = flags_of([*videos, ("syn", "id3_id4_0000", 1)], train, naming="celebdf")
    assert [row["trained_on"] for row in flags.values() if not row["label"]] == [1, 1]
    assert (
        leak_audit(names_of([*videos, ("syn", "id3_id4_0000", 1)], train, naming="celebdf"))["real"][
            "trained_on"
        ]
        == 2
    )


def test_a_manipulation_in_another_case_is_the_same():
    flags = flags_of([("NeuralTextures", "001_002", 1), ("real", "003", 0)], [("neuraltextures", "001_002")])
    assert flags["NeuralTextures", "001_002"]["trained_on"]


def test_a_fake_without_a_manipulation_in_the_list_is_a_twin_and_not_called_trained_on():
    flags = flags_of([("NT", "001_002", 1), ("real", "001", 0)], [("", "001_002"), ("", "001")])
    assert (flags["NT", "001_002"]["twin"], flags["NT", "001_002"]["trained_on"]) == (1, 0)
    assert flags["real", "001"]["trained_on"]


def test_of_unknown_people_a_name_under_another_manipulation_is_a_twin_and_no_other_is_known(tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("video,identity\n" + "".join(f"{name},\n" for name in "abcr"))
    videos = [("NT", "a", 1), ("NT", "b", 1), ("real", "r", 0)]
    names = read_names(
        scored(videos), [("FS", "a"), ("FS", "c"), ("real", "r")], naming=choose(identities=table)
    )
    flags = leak_flags(names)
    assert flags["unknown"].tolist() == [1, 1, 1]
    assert flags["twin"].tolist() == [1, 0, 0]
    assert flags["any_seen"].tolist() == [1, 0, 1]
    assert leak_audit(names)["unknown_identity"] == {"train": 3, "test": 3}
    assert leak_audit(names)["manipulations"]["NT"]["unknown"] == 2


def test_celebdf_people_meet_across_roles():
    videos = [
        ("syn", "id0_id1_0000", 1),
        ("syn", "id2_id3_0000", 1),
        ("real", "id5_0001", 0),
        ("real", "00170", 0),
    ]
    flags = flags_of(videos, [("syn", "id0_id1_0009"), ("real", "id3_0002")], naming="celebdf")
    assert [row["twin"] for row in flags.values()] == [0, 0, 1, 0]
    assert [row["any_seen"] for row in flags.values()] == [0, 0, 1, 1]
    assert [row["unknown"] for row in flags.values()] == [1, 0, 0, 0]


def test_what_validation_has_seen_stands_beside_training():
    videos = [("NT", "001_002", 1), ("NT", "003_004", 1), ("NT", "005_006", 1), ("real", "007", 0)]
    flags = flags_of(videos, [("FS", "001_002")], val=[("FS", "003_004"), ("real", "005"), ("real", "007")])
    assert [(row["twin"], row["val_twin"], row["val_any_seen"]) for row in flags.values()] == [
        (1, 0, 0), (0, 1, 1), (0, 0, 1), (0, 0, 1),
    ]  # fmt: skip


def test_the_audit_counts_each_manipulation():
    videos = [("NT", "001_002", 1), ("DF", "001_002", 1), ("DF", "008_009", 1)]
    videos += [("real", "001", 0), ("real", "007", 0)]
    names = names_of(videos, [("DF", "001_002"), ("real", "007")], val=[("NT", "008_009")])
    counts = leak_audit(names)
    assert counts["fake"]["trained_on"] == 1
    assert counts["real"]["trained_on"] == 1
    assert {name: row["trained_on"] for name, row in counts["manipulations"].items()} == {"DF": 1, "NT": 0}
    assert {name: row["twin"] for name, row in counts["manipulations"].items()} == {"DF": 1, "NT": 1}
    assert counts["real"]["any_seen"] == 2
    assert {name: row["twin"] for name, row in counts["validation"]["manipulations"].items()} == {
        "DF": 1,
        "NT": 0,
    }
    assert "trained_on" not in counts["validation"]["fake"]


@pytest.mark.parametrize("train", [[("FS", "001_002")], [("real", "001")]])
def test_groups_are_those_of_the_scored_videos(train):
    flags = flags_of([("NT", "001_002", 1), ("NT", "002_003", 1), ("real", "004", 0)], train, disjoint=True)
    assert [row["group"] for row in flags.values()] == [0, 0, 1]
