"""Serial numbers that read like people."""

import json

import pytest

from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import choose, read_all
from clipforensics.naming.doubts import Owner, check_pairs, owner_of
from clipforensics.naming.people import People
from tests.support.shared_data import FFPP, needs_shared


def fakes(pairs):
    return [People(f"{a}_{b}", a, b, label=1) for a, b in pairs]


@pytest.mark.parametrize(
    ("pairs", "owner"),
    [
        ([("vid", f"{i}") for i in range(10)], Owner("vid", 10, 10)),
        ([(f"{i}", "000") for i in range(6)] + [(f"{i}", f"{i}x") for i in range(4)], Owner("000", 6, 10)),
        ([(f"{i}", "000") for i in range(5)] + [(f"{i}", f"{i}x") for i in range(5, 10)], None),
        ([("vid", f"{i}") for i in range(9)], None),  # too few to conclude anything
        ([], None),
    ],
)
def test_who_is_in_most_videos(pairs, owner):
    assert owner_of([one.ids for one in fakes(pairs)]) == owner


def test_videos_of_nobody_known_have_no_owner():
    assert owner_of([()] * 20) is None


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(f"{i:03}", "000") for i in range(1, 11)], "id '000' is in 10 of 10 manipulated videos"),
        (
            [(f"{i:03}", f"{j:03}") for i in range(10, 20) for j in range(3)],
            "13 of 13 ids have several partners",
        ),
        (  # as of two files, each of which alone gives an id one partner
            [(f"{i:03}", f"{i + shift:03}") for i in range(100, 120) for shift in (400, 500)],
            "20 of 60 ids have several partners",
        ),
    ],
)
def test_serials_of_three_digits_stop_where_nothing_is_stated(pairs, words):
    with pytest.raises(InputError) as caught:
        check_pairs(choose(), fakes(pairs), "SCORES")
    assert words in str(caught.value)
    assert "--identities TABLE" in str(caught.value)
    check_pairs(choose("ffpp"), fakes(pairs), "SCORES")


def test_one_pair_under_many_manipulations_is_faceforensics():
    check_pairs(choose(), fakes([("001", "002"), ("002", "001")] * 6), "SCORES")


def test_actors_have_many_partners():
    """DeepFakeDetection's, of two digits, beside pairs of three."""
    actors = [(f"{i:02}", f"{j:02}") for i in range(1, 6) for j in range(1, 6) if i != j]
    pairs = [(f"{i:03}", f"{i + 100}") for i in range(20)]
    check_pairs(choose(), fakes([*actors, *pairs]), "SCORES")


def test_the_examples_are_the_doubtful_names():
    pairs = [(f"{i:03}", f"{i + 100}") for i in range(20)]
    with pytest.raises(InputError, match="names such as '019_119', '019_500' look like"):
        check_pairs(choose(), fakes([*pairs, ("019", "500")]), "SCORES")


@needs_shared
def test_true_names_of_faceforensics_pass():
    pairs = [p for part in ("train", "val", "test") for p in json.loads((FFPP / f"{part}.json").read_text())]
    names = [(f"{a}_{b}", 1) for pair in pairs for a, b in (pair, pair[::-1])]
    check_pairs(choose(), read_all(choose(), names, "lists"), "lists")
