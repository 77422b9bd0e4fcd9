"""Names to people under a naming, and which videos are real; and the error where two files do not meet."""

import numpy as np
import pytest

from clipforensics.audit.lists import UNSAID
from clipforensics.audit.names import is_real, read_names, youtube_ids
from clipforensics.audit.reading import FrameScores
from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import choose
from tests.support.shared_data import FFPP, needs_shared


def scored(videos):
    """Scores of one frame a video, from `(manipulation, video, label)`."""
    ordered = sorted(videos)
    n = len(ordered)
    labels = np.array([label for *_, label in ordered])
    pairs = tuple((m, v) for m, v, _ in ordered)
    return FrameScores(pairs, labels, np.arange(n), np.zeros(n, dtype=np.int64), np.zeros(n))


def names_of(videos, train, naming="ffpp", **options):
    return read_names(scored(videos), train, naming=choose(naming), **options)


def test_people_of_every_part_stand_in_its_records():
    videos = [("NT", "001_002.mp4", 1), ("real", "001", 0)]
    names = names_of(videos, [("FS", "FS/c40/videos/001_002.mp4")], val=[("real", "003_frames")])
    fake, real = names.videos
    assert (fake.manipulation, fake.target, fake.source, fake.label) == ("NT", "001", "002", 1)
    assert (fake.path, names.scored.clips[0]) == ("001_002.mp4", "001_002")
    assert (real.target, real.source, real.label) == ("001", "", 0)
    assert (names.train.clips, names.val.clips) == (("001_002",), ("003",))
    assert names.n_sharing == 1
    assert names_of(videos, [("real", "001")]).val is None


def test_further_identities_of_a_table_are_others(tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("video,identity,identity_2,identity_3\na,anna,ben,carl\nb,ben\n")
    videos = [("NT", "a", 1), ("real", "b", 0)]
    names = read_names(scored(videos), [("real", "b")], naming=choose(identities=table))
    assert (names.videos[0].source, names.videos[0].others) == ("ben", "carl")
    assert (names.videos[1].target, names.videos[1].unknown) == ("ben", False)


@pytest.mark.parametrize(
    ("where", "videos", "train"),
    [
        ("SCORES", [("NT", "018", 1), ("real", "018", 0)], [("FS", "018_019")]),
        ("TRAIN", [("NT", "018_019", 1), ("real", "018", 0)], [("FS", "018")]),
        ("TRAIN", [("NT", "018_019", 1), ("real", "018", 0)], [("real", "018_019")]),
        ("SCORES", [("NT", "vid_00012", 1), ("real", "018", 0)], [("FS", "018_019")]),
        ("SCORES", [("NT", "1_7", 1), ("real", "018", 0)], [("FS", "018_019")]),
        ("SCORES", [("NT", "id0_id1_0000", 1), ("real", "018", 0)], [("FS", "018_019")]),
    ],
)
def test_a_doubtful_name_in_either_file_stops(where, videos, train):
    with pytest.raises(InputError, match=f"{where}.*names are not to be trusted.*--identities TABLE"):
        names_of(videos, train)


def test_serials_that_look_like_people_stop_unless_stated():
    videos = [("NT", f"{i:03}_000", 1) for i in range(1, 12)] + [("real", "001", 0)]
    with pytest.raises(InputError, match="id '000' is in 11 of 11 manipulated videos"):
        names_of(videos, [("FS", "001_000")], naming=None)
    names = names_of(videos, [("FS", "001_000")])
    assert names.owners == ({"part": "scored", "class": "NT", "identity": "000", "n": 11, "whole": 11},)


@pytest.mark.parametrize("where", ["train", "val"])
def test_serials_that_show_only_where_files_meet_stop_unless_stated(where):
    """100 with 500 in the one and with 600 in the other: every file alone gives it one partner."""
    videos = [("NT", f"{i}_{i + 400}", 1) for i in range(100, 120)] + [("real", "100", 0)]
    other = [("NT", f"{i}_{i + 500}") for i in range(100, 120)]
    train, val = (other, None) if where == "train" else ([("real", "100")], other)
    found = "SCORES and TRAIN" if where == "train" else "SCORES, TRAIN and VAL"
    with pytest.raises(InputError, match=f"{found}: .*20 of 60 ids have several partners"):
        names_of(videos, train, naming=None, val=val)
    assert names_of(videos, train, val=val).naming.stated


def test_reals_of_the_list_may_be_written_in_another_case():
    names = names_of([("Clean", "001", 0), ("NT", "001_002", 1)], [("clean", "001")])
    assert [v.label for v in names.train.videos] == [0]


def test_reals_are_those_of_label_0_and_those_called_so():
    videos = [("Real_youtube", "001", 0), ("NT", "001_002", 1)]
    train = [
        ("Real_youtube", "005"),
        ("original_sequences", "006"),
        ("PRISTINE", "007"),
        ("Realistic", "008_009"),
    ]
    names = names_of(videos, [*train, ("FS", "001_002")])
    assert names.reals == ("PRISTINE", "Real_youtube", "original_sequences")
    assert [v.label for v in names.train.videos] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("name", "real"),
    [("real", True), ("Celeb-real", True), ("YouTube-real", True), ("FF-real", True), ("DFDC_Real", True),
     ("originals", True), ("youtube", True), ("actors", True), ("Realistic", False), ("unreal", False),
     ("Celeb-synthesis", False), ("face_real_swap", False), ("", False), ("youtube_fakes", False)],
)  # fmt: skip
def test_words_for_real_footage(name, real):
    assert is_real(name) is real


def test_a_list_that_says_no_manipulation_leaves_it_to_the_name():
    names = names_of([("NT", "001_002", 1), ("real", "001", 0)], [(UNSAID, "001_002"), (UNSAID, "003")])
    assert [v.label for v in names.train.videos] == [1, 0]


def test_reals_can_be_named():
    videos, train = [("clean", "001", 0), ("NT", "001_002", 1)], [("genuine", "002"), ("FS", "003_004")]
    with pytest.raises(InputError, match=r"TRAIN \(real there: clean; --real NAME says otherwise\).*'002'"):
        names_of(videos, train)
    names = names_of(videos, train, reals=["genuine"])
    assert names.reals == ("clean", "genuine")
    assert [v.label for v in names.train.videos] == [0, 1]


@pytest.mark.parametrize(
    ("videos", "reals", "words"),
    [
        ([("NT", "001_002", 1), ("real", "001", 0)], ["NT"], "--real 'NT': has label 1 in SCORES"),
        ([("NT", "001_002", 1), ("real", "001", 0)], ["rael"], "--real 'rael': is in neither file; give"),
        ([("all", "001_002", 1), ("all", "001", 0)], [], "manipulation 'all' has videos of label 0 and of"),
    ],
)  # fmt: skip
def test_reals_that_cannot_be(videos, reals, words):
    with pytest.raises(InputError) as caught:
        names_of(videos, [("FS", "001_002")], reals=reals)
    assert words in str(caught.value)


def test_files_that_share_nothing_are_refused_with_names_of_both():
    videos, train = [("NT", "000_003", 1), ("real", "000", 0)], [("FS", "100_103"), ("real", "100")]
    with pytest.raises(InputError) as caught:
        names_of(videos, train)
    for words in ("'NT/000_003'", "'real/000'", "'FS/100_103'", "'real/100'", "naming ffpp", "--disjoint"):
        assert words in str(caught.value)
    assert names_of(videos, train, disjoint=True).n_sharing == 0


def test_one_shared_source_or_an_equal_clip_of_nobody_known_is_enough_to_join():
    assert names_of([("NT", "000_003", 1), ("real", "000", 0)], [("FS", "009_003")]).n_sharing == 1
    videos = [("Celeb-synthesis", "id0_id1_0000", 1), ("YouTube-real", "00170", 0)]
    assert names_of(videos, [("YouTube-real", "00170")], naming="celebdf").n_sharing == 1


@needs_shared
def test_sequences_of_one_youtube_video_are_one_person():
    youtube = youtube_ids(FFPP / "conversion_dict.json")
    assert youtube["755"] == youtube["756"]
    names = names_of([("NT", "755_003", 1), ("real", "755", 0)], [("real", "003")], youtube=youtube)
    assert names.videos[0].target_youtube == youtube["755"]
    assert youtube_ids(None) == {}
