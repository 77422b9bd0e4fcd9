"""Other data sets are tested on, and change nothing in the split of the one that is trained on."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.splits.by_name import SplitSection, make_split
from clipforensics.splits.elsewhere import SEEN, deal, groups_of, own_manipulations
from clipforensics.splits.leakage import identity_groups
from tests.splits.test_folds import pairs

PARAMS = SplitSection(
    on_leak="report", seed=42, real_fractions=[0.6, 0.2, 0.2], train_fractions=[0.6, 0.2, 0.2],
    grouped_fractions=[0.6, 0.2, 0.2], n_folds=4, train_list="", val_list="", test_list="",
)  # fmt: skip
OWN = [replace(video, identities_of="FF") for video in pairs(12)]
FOLDS = [f"grouped_kfold-{number + 1}" for number in range(4)]
NAMES = ["per_class", "grouped", "grouped_cut", "grouped_repeat-1", *FOLDS]


def elsewhere(n: int, *, identities_of: str = "") -> list[Video]:
    """n reals and n fakes of a data set `other`; with `identities_of` FF they show people of `OWN`."""
    names = [f"{i:03d}" for i in range(n)]
    shown = {"identities_of": identities_of}
    reals = [Video("other", "real@other", "", name, "", "", 0, "", "", name, **shown) for name in names]
    after = [*names[1:], names[0]]
    return reals + [
        Video("other", "Swap@other", "", a, b, "", 1, "", "", f"{a}_{b}", **shown)
        for a, b in zip(names, after, strict=True)
    ]


def split(name: str, others: list[Video], tested: tuple[str, ...] = ("NeuralTextures", "FaceSwap")):
    return make_split(name, [*OWN, *others], PARAMS, ["FaceSwap"], [*tested, "Swap@other"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("identities_of", ["", "FF"])
def test_the_split_of_what_is_trained_on_stays_as_it_is(name, identities_of):
    alone = make_split(name, OWN, PARAMS, ["FaceSwap"], ["NeuralTextures", "FaceSwap"])
    made = split(name, elsewhere(8, identities_of=identities_of))
    assert (made.train, made.val) == (alone.train, alone.val)
    assert [video for video in made.test if video.dataset != "other"] == list(alone.test)
    own = {video.key for video in OWN}
    groups = groups_of(made, [*OWN, *elsewhere(8, identities_of=identities_of)])
    kept = groups_of(alone, OWN)
    assert {key: group for key, group in groups.items() if key in own} == kept


@pytest.mark.parametrize("name", ["per_class", "grouped", "grouped_repeat-1"])
def test_strangers_are_all_tested(name):
    others = elsewhere(5)
    assert [video for video in split(name, others).test if video.dataset == "other"] == others


@pytest.mark.parametrize("name", [name for name in NAMES if name != "per_class"])
def test_a_protocol_that_parts_people_leaves_out_whom_training_knows(name):
    made = split(name, elsewhere(24, identities_of="FF"))
    seen = {person for video in (*made.train, *made.val) for person in video.people}
    tested = [video for video in made.test if video.dataset == "other"]
    assert tested
    assert all(seen.isdisjoint(video.people) for video in tested)
    left_out = [video for video in made.left_out if video.dataset == "other"]
    assert all(seen & set(video.people) for video in left_out)
    if left_out:
        assert f"{len(left_out)} {SEEN}" in made.why


def test_the_leaking_protocol_tests_them_all_the_same():
    others = elsewhere(24, identities_of="FF")
    made = split("per_class", others)
    assert [video for video in made.test if video.dataset == "other"] == others


def test_the_same_names_in_two_data_sets_are_two_people():
    made = split("grouped", elsewhere(24))
    assert not [video for video in made.left_out if video.dataset == "other"]


@settings(max_examples=20, deadline=None)
@given(n=st.integers(2, 24), known=st.booleans())
def test_over_all_folds_each_is_tested_once_but_whom_training_knows(n, known):
    others = elsewhere(n, identities_of="FF" if known else "")
    folds = [split(name, others) for name in FOLDS]
    tested = [v.key for made in folds for v in made.test if v.dataset == "other"]
    lost = [v.key for made in folds for v in made.left_out if v.dataset == "other"]
    assert sorted([*tested, *lost]) == sorted(video.key for video in others)
    assert known or not lost


def test_each_goes_where_its_people_are_tested_and_groups_of_strangers_stay_whole():
    reals = [video for video in OWN if video.label == 0]
    tests = [reals[number::4] for number in range(4)]
    others = [video for video in elsewhere(24, identities_of="FF") if video.label == 0]
    folds = deal(others, tests, seed=1)
    home = {video.target: fold for fold, test in enumerate(tests) for video in test}
    assert folds == [home[video.target] for video in others]
    strangers = elsewhere(6)
    folds, groups = deal(strangers, tests, seed=1), identity_groups(strangers)
    assert len({(fold, group) for fold, group in zip(folds, groups.tolist(), strict=True)}) == len(
        set(groups)
    )


def test_a_video_joins_the_group_of_whom_it_shows():
    others = elsewhere(24, identities_of="FF")
    groups = groups_of(split("per_class", others), [*OWN, *others])
    of_person = {video.target: groups[video.key] for video in OWN if video.label == 0}
    assert {groups[video.key] for video in others} <= set(of_person.values())
    strangers = groups_of(split("per_class", elsewhere(24)), [*OWN, *elsewhere(24)])
    assert {strangers[video.key] for video in others}.isdisjoint(of_person.values())


def test_the_own_data_set_must_be_tested_too():
    assert own_manipulations(["Swap@other", "FaceSwap"]) == ["FaceSwap"]
    with pytest.raises(InputError, match=r"names none of the data set that is trained on; add one"):
        own_manipulations(["Swap@other"])
    with pytest.raises(InputError, match="not a manipulation of this data set"):
        make_split("grouped", [*OWN, *elsewhere(3)], PARAMS, ["Swap@other"], ["FaceSwap"])
