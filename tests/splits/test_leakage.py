"""Identity groups against a slow search, and each leak flag by hand."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.splits.leakage import (
    Leak,
    audit,
    check_clean,
    find_leaks,
    groups_by_key,
    identity_groups,
    summary,
)
from tests.support.populations import fake, frame_package, full_ffpp, real
from tests.support.shared_data import needs_shared

NOTHING = Leak(*[False] * 11)


def flags(train: list[Video], video: Video) -> set[str]:
    [leak] = find_leaks(train, [video])
    return {name for name, value in asdict(leak).items() if value}


def slow_groups(videos: list[Video]) -> list[set[int]]:
    """Merge overlapping sets of identities until none overlap."""
    known = [
        {(v.dataset, i) for i in (v.target, v.source, *v.others.split("+")) if i}
        | {i for i in (v.target_youtube, v.source_youtube) if i}
        for v in videos
    ]
    groups = [({n}, ids) for n, ids in enumerate(known)]
    merged = True
    while merged:
        merged = False
        for a in range(len(groups)):
            for b in range(a + 1, len(groups)):
                if groups[a][1] & groups[b][1]:
                    groups[a] = (groups[a][0] | groups[b][0], groups[a][1] | groups[b][1])
                    del groups[b]
                    merged = True
                    break
            if merged:
                break
    return [members for members, _ in groups]


ids = st.sampled_from(["", *"abcdefg"])
videos_of_any_kind = st.lists(
    st.builds(
        Video,
        dataset=st.sampled_from(["d", "e"]),
        manipulation=st.just("FaceSwap"),
        compression=st.just(""),
        target=ids,
        source=ids,
        take=st.just(""),
        label=st.sampled_from([0, 1]),
        target_youtube=st.sampled_from(["", "y", "z", "a"]),
        source_youtube=st.just(""),
        path=st.just(""),
        others=st.sampled_from(["", "a", "b+c"]),
    ),
    max_size=9,
)


@given(videos_of_any_kind)
def test_groups_are_those_of_a_slow_search(videos):
    groups = identity_groups(videos)
    found = [set(np.flatnonzero(groups == g).tolist()) for g in dict.fromkeys(groups.tolist())]
    assert sorted(map(sorted, found)) == sorted(map(sorted, slow_groups(videos)))
    assert list(dict.fromkeys(groups.tolist())) == list(range(len(found)))  # in order of appearance


def test_groups_by_hand():
    videos = [
        real("000"),
        fake("FaceSwap", "001_000"),  # tied to 000 as its source
        fake("NeuralTextures", "001_002"),  # and on through 001
        real("003", youtube="same"),
        real("004", youtube="same"),  # two sequences of one YouTube video
        real("005"),
        real("000", dataset="e"),  # another data set's 000 is another person
    ]
    assert identity_groups(videos).tolist() == [0, 0, 0, 1, 1, 2, 3]
    assert identity_groups([]).tolist() == []


def test_unknown_identities_are_not_one_identity():
    assert identity_groups([real(""), real(""), real("a")]).tolist() == [0, 1, 2]
    assert flags([real("")], real("")) == {"unknown"}


def test_a_youtube_id_is_not_confused_with_an_id_of_the_same_text():
    assert identity_groups([real("abc"), real("x", youtube="abc")]).tolist() == [0, 1]


def test_each_flag_by_hand():
    train = [real("000"), fake("FaceSwap", "001_002")]
    assert flags(train, fake("NeuralTextures", "000_009")) == {
        "target_is_training_real",
        "target_seen",
        "id_seen",
        "any_seen",
    }
    assert flags(train, fake("NeuralTextures", "009_000")) == {
        "source_is_training_real",
        "source_seen",
        "id_seen",
        "any_seen",
    }
    seen_in_fake = {"in_training_fake", "target_seen", "id_seen", "any_seen"}
    assert flags(train, real("002")) == seen_in_fake  # a training fake's source is this real's face
    assert flags(train, real("001")) == seen_in_fake
    assert flags(train, fake("NeuralTextures", "008_009")) == set()
    assert find_leaks(train, [real("009")]) == [NOTHING]


def test_a_twin_has_both_target_and_source():
    train = [real("000"), fake("FaceSwap", "001_002")]
    assert "twin" in flags(train, fake("NeuralTextures", "001_002"))
    assert "twin" in flags(train, fake("FaceSwap", "001_002", compression="c23"))
    assert "twin" not in flags(train, fake("NeuralTextures", "002_001"))  # roles swapped: another video
    assert "twin" not in flags(train, fake("NeuralTextures", "001_003"))
    assert "twin" not in flags(train, fake("NeuralTextures", "001_002", dataset="e"))
    assert "twin" not in flags(train, real("001"))
    sourceless = Video("d", "A", "", "001", "", "", 1, "", "", "")
    assert "twin" not in flags([sourceless], Video("d", "B", "", "001", "", "", 1, "", "", ""))
    targetless = Video("d", "A", "", "", "002", "", 1, "", "", "")
    assert "twin" not in flags([targetless], replace(targetless, manipulation="B"))


def test_further_identities_tie_a_video_as_its_target_does():
    couple = replace(real("000"), others="001+002")
    assert identity_groups([couple, real("002"), real("003"), fake("FaceSwap", "004_001")]).tolist() == [
        0, 0, 1, 0,
    ]  # fmt: skip
    assert flags([couple], fake("FaceSwap", "002_009")) == {
        "target_is_training_real",
        "target_seen",
        "id_seen",
        "any_seen",
    }
    assert flags([real("002")], couple) == {"id_seen", "any_seen"}  # neither its target nor its source
    assert flags([fake("FaceSwap", "008_002")], couple) == {"in_training_fake", "id_seen", "any_seen"}
    assert flags([real("009")], couple) == set()


def test_who_is_unknown_is_said_of_the_test_video_whatever_training_holds():
    sourceless = Video("d", "A", "", "000", "", "", 1, "", "", "p")
    assert flags([], sourceless) == {"unknown"}
    assert {"unknown", "target_seen"} <= flags([real("000")], sourceless)  # half of it is known, and seen
    assert "unknown" not in flags([sourceless], fake("A", "000_001"))
    assert "unknown" not in flags([sourceless], real("000"))
    row = audit([], [sourceless, fake("A", "001_002"), real(""), real("003")])
    assert (row["fake"]["unknown"], row["real"]["unknown"]) == (1, 1)
    assert row["manipulations"]["A"]["unknown"] == 1


def test_a_shared_youtube_video_is_seen_though_the_ids_differ():
    train = [real("755", youtube="same")]
    assert flags(train, real("756", youtube="same")) == {"youtube_seen", "any_seen"}
    assert flags(train, fake("FaceSwap", "001_756", youtube=("", "same"))) == {"youtube_seen", "any_seen"}


def test_the_same_bytes_under_another_name_are_seen():
    train = [replace(real("000"), sha256="a")]
    assert flags(train, replace(real("001"), sha256="a")) == {"same_content", "any_seen"}
    assert flags(train, replace(real("001"), sha256="b")) == set()
    assert flags([real("000")], real("001")) == set()  # an unknown digest is no digest


def test_the_summary_counts_videos():
    train = [real("000"), fake("FaceSwap", "001_002")]
    test = [real("001"), real("007"), fake("NeuralTextures", "001_002"), fake("Face2Face", "005_000")]
    assert summary(test, find_leaks(train, test)) == (
        "in test 1 of 2 fakes have a twin in training, 2 a seen identity, of 2 reals 1"
    )


def test_videos_of_the_same_bytes_are_one_group():
    videos = [
        replace(real("000"), sha256="a"),
        replace(real("001"), sha256="a"),
        replace(real("002"), sha256="b"),
    ]
    assert identity_groups(videos).tolist() == [0, 0, 1]


def test_a_gate_refuses_what_it_cannot_know():
    train, test = [real("000"), fake("FaceSwap", "000_001")], [real("002"), fake("NeuralTextures", "003_004")]
    val = [real("010"), fake("FaceSwap", "010_011")]
    check_clean("split x", train, val, test)
    with pytest.raises(InputError, match=r"split x leaks: in test 0 of 1 fakes .* of 2 reals 1;"):
        check_clean("split x", train, val, [*test, real("000")])
    with pytest.raises(InputError, match=r"validation has seen somebody in 1 of 3;"):
        check_clean("split x", train, val, [*test, real("011")])
    sourceless = Video("d", "A", "", "009", "", "", 1, "", "", "p")
    with pytest.raises(InputError, match="not known who is in 1 videos"):
        check_clean("split x", train, val, [*test, sourceless])
    with pytest.raises(InputError, match="not known who is in 1 videos"):
        check_clean("split x", train, [*val, sourceless], test)
    with pytest.raises(InputError, match="not known who is in 1 videos"):
        check_clean("split x", [*train, sourceless], val, test)
    assert "of 1 it is not known" in summary([sourceless], find_leaks(train, [sourceless]))


def test_a_group_is_the_same_whatever_the_order_of_the_table():
    videos = [fake("FaceSwap", "003_001"), real("001"), real("002"), real("003")]
    groups = groups_by_key(videos)
    assert groups == groups_by_key(videos[::-1])
    assert groups[videos[0].key] == groups[videos[1].key] == groups[videos[3].key] != groups[videos[2].key]


def test_the_audit_counts_by_manipulation():
    train = [real("000"), fake("FaceSwap", "001_002")]
    test = [real("001"), real("007"), fake("NeuralTextures", "001_002"), fake("Face2Face", "005_006")]
    counts = audit(train, test)
    assert set(counts) == {"real", "fake", "manipulations"}
    assert set(counts["manipulations"]) == {"Face2Face", "NeuralTextures"}
    assert counts["manipulations"]["Face2Face"]["any_seen"] == 0
    assert counts["manipulations"]["NeuralTextures"]["twin"] == 1
    assert counts["fake"] == {
        "n": 2,
        "n_groups": 2,
        "target_is_training_real": 0,
        "source_is_training_real": 0,
        "in_training_fake": 1,
        "target_seen": 1,
        "source_seen": 1,
        "id_seen": 1,
        "youtube_seen": 0,
        "any_seen": 1,
        "twin": 1,
        "same_content": 0,
        "unknown": 0,
    }
    assert counts["real"]["n"] == 2
    assert counts["real"]["in_training_fake"] == 1


def test_reals_that_a_fake_links_are_one_group_of_the_audit():
    test = [real("000"), real("001"), real("007"), fake("A", "000_001")]
    assert audit([], test)["real"]["n_groups"] == 2
    whole = [7, 7, 7, 7]  # the table of all videos links the third one too
    assert [audit([], test, whole)[kind]["n_groups"] for kind in ("real", "fake")] == [1, 1]


@needs_shared
def test_the_frame_package_has_177_identity_groups():
    assert identity_groups(frame_package()).max() + 1 == 177


@needs_shared
def test_977_youtube_videos_make_the_1000_sequences():
    videos = [video for video in full_ffpp() if video.label == 0]
    assert len(videos) == 1000
    assert identity_groups(videos).max() + 1 == 977
