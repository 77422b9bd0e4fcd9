"""Which lists are candidates, and the grid that they span."""

import itertools
from typing import Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from clipforensics.adaptation.contract import find_detector, known_detectors
from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.training.candidates import MOST_RUNS, expand, read_candidates
from tests.support.training_tasks import PARAMS


class Base(Section):
    rate: float = Field(gt=0)


class Method(Base):
    rank: int
    variant: Literal["plain", "split"]
    bias: bool
    name: str
    layers: list[str]


PLAIN = {"rate": 0.1, "rank": 4, "variant": "plain", "bias": True, "name": "a", "layers": ["q", "k"]}


def candidates(tmp_path, content, kind=Method, max_runs=16):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"methods": {"m": content}}, sort_keys=False))
    return read_candidates(path, "methods.m", kind, max_runs=max_runs)


def test_without_a_list_there_is_one_candidate_and_nothing_was_chosen(tmp_path):
    (one,) = candidates(tmp_path, PLAIN)
    assert one.chosen == {}
    assert one.settings == Method.model_validate(PLAIN)


def test_the_grid_goes_by_the_class_whatever_the_order_of_the_file(tmp_path):
    lists = {"rank": [4, 2], "rate": [0.1, 0.3]}
    wanted = [(0.1, 4), (0.1, 2), (0.3, 4), (0.3, 2)]
    for keys in itertools.permutations(lists):
        found = candidates(
            tmp_path,
            {**{key: lists[key] for key in keys}, **{k: v for k, v in PLAIN.items() if k not in lists}},
        )
        assert [(one.settings.rate, one.settings.rank) for one in found] == wanted
        assert [tuple(one.chosen.values()) for one in found] == wanted
        assert {one.settings.layers == ["q", "k"] for one in found} == {True}


@given(
    rates=st.lists(st.floats(0.01, 10), min_size=1, max_size=4, unique=True),
    ranks=st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
    variants=st.lists(st.sampled_from(["plain", "split"]), min_size=1, max_size=2, unique=True),
    flags=st.lists(st.booleans(), min_size=1, max_size=2, unique=True),
)
def test_the_grid_is_every_combination_once(rates, ranks, variants, flags):
    content = {**PLAIN, "rate": rates, "rank": ranks, "variant": variants, "bias": flags}
    found = [tuple(chosen.values()) for chosen, _ in expand(content, Method, "m", max_runs=MOST_RUNS)]
    wanted = []
    for rate in rates:
        for rank in ranks:
            for variant in variants:
                wanted += [(rate, rank, variant, flag) for flag in flags]
    assert found == wanted


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("rate", [], r"`rate`: candidates must be one or more, each once, got \[\]"),
        ("rank", [4, 2, 4], r"`rank`: candidates must be one or more, each once, got \[4, 2, 4\]"),
        ("rate", [0.1, -1.0], "`rate`: input should be greater than 0, got -1"),
        ("rank", [4, "two"], "`rank`: input should be a valid integer, got 'two'"),
        ("variant", ["plain", "other"], "`variant`: .*got 'other'"),
        ("name", ["a", "b"], r"`name`: input should be a valid string, got \['a', 'b'\]"),
    ],
)
def test_a_candidate_that_is_none_is_refused(tmp_path, key, value, words):
    with pytest.raises(InputError, match=f"params.yaml: methods.m: {words}"):
        candidates(tmp_path, {**PLAIN, key: value})


def test_more_than_the_budget_are_refused_before_any_is_made(tmp_path):
    content = {**PLAIN, "rate": [0.1, 0.2, 0.3], "rank": [1, 2]}
    assert len(candidates(tmp_path, content, max_runs=6)) == 6
    words = r"6 candidates \(3 of rate x 2 of rank\) are more than train.choice.max_runs \(5\)"
    with pytest.raises(InputError, match=words):
        candidates(tmp_path, content, max_runs=5)
    many = {**PLAIN, "rate": [n + 0.5 for n in range(10**4)], "rank": list(range(10**4))}
    with pytest.raises(InputError, match="100000000 candidates"):
        expand(many, Method, "m", max_runs=MOST_RUNS)


@pytest.mark.parametrize("name", known_detectors())
def test_as_shipped_no_list_of_a_method_is_taken_for_candidates(name):
    (one,) = expand(PARAMS["methods"][name], find_detector(name).settings, name, max_runs=1)
    assert one == ({}, PARAMS["methods"][name])


@pytest.mark.parametrize("name", known_detectors())
def test_every_number_and_named_choice_of_a_method_may_be_a_list(name):
    section, kind = PARAMS["methods"][name], find_detector(name).settings
    for key, value in section.items():
        if isinstance(value, str) and key not in ("variant", "position", "mode"):
            continue  # free text
        if isinstance(value, list):
            continue
        ((chosen, content),) = expand({**section, key: [value]}, kind, name, max_runs=1)
        assert (chosen, content) == ({key: value}, section)
