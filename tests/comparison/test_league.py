"""The league table: what each column is taken from, and an order that test numbers cannot change."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.comparison.league import (
    POINT_COLUMNS,
    by_candidacy,
    clean_protocol,
    league,
    league_points,
    standings,
    validation_protocol,
)
from tests.support.leagues import LEAKING, leaks_of

LEAKS = {
    "per_class": LEAKING, "official": leaks_of(real_seen=2), "grouped": leaks_of(),
    "grouped_kfold": leaks_of(), "mine": leaks_of(val_seen=1),
}  # fmt: skip
"""As counted in the tests of each protocol."""

HEADLINE = {"protocol": "per_class", "train_set": "FS", "manipulation": "NT"}


def file(video=0.8, frame=0.7, trainable=10, head=5, everything=100, **sizes):
    counts = {"trainable": trainable, "head": head, **({"all": everything} if everything else {})}
    level = {"video": {"auc": video, "n_real": 10, "n_fake": 9, **sizes}, "frame": {"auc": frame}}
    return {"validation": level, "parameters": counts}


def choices(**detectors):
    """Detector -> its files of one split, a seed each."""
    return {(d, seed): {"s": one} for d, files in detectors.items() for seed, one in enumerate(files)}


def cell(protocol, manipulation="NT", stratum="all", level="video", aucs=(0.7, 0.6), **more):
    values = {
        name: {"auc": auc, "low": auc - 0.1, "high": auc + 0.1, "covers": "videos", "p": 0.1}
        for name, auc in zip("ab", aucs, strict=True)
    }
    gap = {"auc": aucs[1] - aucs[0], "low": -0.2, "high": 0.1, "p": 0.3}
    return {
        "protocol": protocol, "train_set": "FS", "manipulation": manipulation, "stratum": stratum,
        "level": level, "n_real": 10, "n_fake": 20, "detectors": values, "differences": {"b": gap}, **more,
    }  # fmt: skip


def order(**detectors):
    return [row["detector"] for row in standings(choices(**detectors))]


# order


def test_the_order_is_by_validation_then_size_then_name():
    assert order(a=[file(0.8)], b=[file(0.9)]) == ["b", "a"]
    assert order(a=[file(0.8, 0.6)], b=[file(0.8, 0.7)]) == ["b", "a"], "the frame AUC breaks ties"
    assert order(a=[file(trainable=9)], b=[file(trainable=8)]) == ["b", "a"]
    assert order(a=[file(trainable=9, head=0)], b=[file(trainable=8, head=2)]) == ["a", "b"], "head counts"
    assert order(b=[file()], a=[file()]) == ["a", "b"]
    third = [file(0.1), file(0.2), file(0.3)]
    assert order(b=third, a=[file(0.2)]) == ["a", "b"], "a mean that rounds is still a tie"


def test_the_order_is_by_validation_without_leaks_where_the_run_has_one():
    (row,) = league(
        standings(choices(a=[file()])),
        [cell("per_class")],
        headline=HEADLINE,
        validated="grouped",
        leaks=LEAKS,
    )
    assert (row["validation"]["protocol"], row["validation"]["manipulation"]) == ("grouped", "FS")


def test_validation_is_of_the_protocol_that_training_knows_least_of_whatever_its_name():
    nothing = {"per_class": 0.9, "official": 0.0, "grouped": 0.0}
    assert validation_protocol(nothing) == "grouped", "of equals in the order of candidates"
    assert validation_protocol({"per_class": 0.9, "grouped_kfold": 0.0, "grouped": 0.0}) == "grouped_kfold"
    assert validation_protocol({**nothing, "grouped": 0.1}) == "official", "a name is no proof"
    assert validation_protocol({"per_class": 0.01, "official": 0.02}) == "per_class"
    assert validation_protocol({"per_class": 1.0}) == "per_class"


def test_what_is_undefined_comes_last():
    assert order(a=[file(None)], b=[file(0.2)]) == ["b", "a"]
    assert order(a=[file(0.9), file(None)], b=[file(0.2)]) == ["b", "a"], "one model without makes no mean"
    assert order(a=[file(frame=None)], b=[file()]) == ["b", "a"]
    assert order(a=[{"validation": {}}], b=[file(None)]) == ["b", "a"], "uncounted parameters"


aucs = st.one_of(st.none(), st.integers(0, 4).map(lambda n: n / 4))


@given(st.dictionaries(st.text("abc", min_size=1, max_size=2), st.tuples(aucs, aucs, st.integers(0, 3))))
def test_the_order_does_not_depend_on_that_of_the_files(found):
    files = {name: [file(video, frame, size)] for name, (video, frame, size) in found.items()}
    assert order(**files) == order(**dict(reversed(files.items())))
    assert sorted(order(**files)) == sorted(files)


def test_validation_is_the_mean_of_all_models_with_its_range():
    several = {("a", 1): {"s-1": file(0.8, 0.6), "s-2": file(0.9, 0.7, n_real=8)},
               ("a", 2): {"s-1": file(0.7, 0.5), "s-2": file(0.6, 0.6)}}  # fmt: skip
    (row,) = standings(several)
    found = row["validation"]
    assert (found["auc"], found["frame_auc"]) == (pytest.approx(0.75), pytest.approx(0.6))
    assert (found["n_models"], found["min"], found["max"]) == (4, 0.6, 0.9)
    assert (found["n_real"], found["n_fake"]) == (8, 9)
    assert found["n_tried"] == 1, "files of a run before candidates"


def test_it_says_among_how_many_candidates_settings_were_chosen():
    several = {("a", seed): {"s": {**file(), "n_tried": n}} for seed, n in enumerate((3, 4, 1))}
    assert standings(several)[0]["validation"]["n_tried"] == 4


def test_parameters_count_the_head_and_are_the_largest_of_all_models():
    (row,) = standings(choices(a=[file(trainable=10, head=5), file(trainable=20, head=5, everything=200)]))
    assert row["parameters"] == {"trainable": 25, "head": 5, "all": 205}
    (row,) = standings(choices(a=[file(trainable=0, head=0, everything=None)]))
    assert row["parameters"] == {"trainable": 0, "head": 0, "all": None}


# columns


def table(*cells, headline=HEADLINE, **detectors):
    detectors = detectors or {"a": [file(0.9)], "b": [file(0.8)]}
    validated = headline["protocol"]
    return league(standings(choices(**detectors)), cells, headline=headline, validated=validated, leaks=LEAKS)


def test_each_column_comes_from_its_cell():
    cells = [
        cell("per_class", aucs=(0.7, 0.6), to_leader={"leader": "a", "differences": {"b": {"auc": -0.1}}}),
        cell("per_class", level="frame", aucs=(0.1, 0.1)), cell("per_class", stratum="twin", aucs=(0.2, 0.2)),
        cell("per_class", "FS", "validation", aucs=(0.9, 0.8)), cell("grouped", aucs=(0.65, 0.55)),
        cell("grouped", "FS", aucs=(0.75, 0.74)), cell("official", aucs=(0.3, 0.3)),
        {**cell("per_class", aucs=(0.4, 0.4)), "train_set": "DF"},
    ]  # fmt: skip
    a, b = table(*cells)
    assert [a[c]["auc"] for c in ("validation", "in_domain", "cross", "clean")] == [0.9, 0.75, 0.7, 0.65]
    assert a["cross"] == {
        "auc": 0.7, "low": pytest.approx(0.6), "high": pytest.approx(0.8), "covers": "videos", "n_real": 10,
        "n_fake": 20, "protocol": "per_class", "manipulation": "NT", "stratum": "all", "part": "test",
    }  # fmt: skip
    assert (b["clean"]["protocol"], b["in_domain"]["protocol"]) == ("grouped", "grouped")
    assert b["differences"] == {"cross": cells[0]["differences"]["b"], "clean": cells[4]["differences"]["b"]}
    assert b["to_leader"] == {"cross": {"auc": -0.1}}
    assert (a["differences"], a["to_leader"]) == ({}, {})
    assert "undefined" not in a
    assert table(*reversed(cells)) == [a, b], "cells are told by what they are of, not by their order"


def test_validation_has_the_interval_of_the_same_number_alone():
    cells = [cell("per_class"), cell("per_class", "FS", "validation", aucs=(0.9, 0.81))]
    a, b = table(*cells)
    assert (a["validation"]["low"], a["validation"]["covers"]) == (pytest.approx(0.8), "videos")
    assert (b["validation"]["low"], b["validation"]["high"]) == (None, None), ".81 is not .8"
    assert (a["validation"]["part"], a["validation"]["manipulation"]) == ("validation", "FS")


def test_in_domain_falls_back_to_validation_and_says_so():
    usual = [cell("per_class"), cell("per_class", "FS", "validation", aucs=(0.9, 0.8)), cell("grouped")]
    a, _ = table(*usual)
    assert (a["in_domain"]["part"], a["in_domain"]["protocol"]) == ("validation", "per_class")
    a, _ = table(usual[0])
    assert a["in_domain"] is None
    assert a["clean"] is None
    assert set(a["undefined"]) == {"in_domain", "clean"}
    assert a["undefined"]["clean"] == (
        "no protocol of the run tests this without a known leak (grouped_kfold: no shared identity known;"
        " grouped: no shared identity known; official: 2 of 10 real test videos and 0 of 100 fakes show"
        " somebody from training, 0 of 110 somebody from validation); add grouped, or all folds, to"
        " protocol.splits"
    )
    json.dumps(a, allow_nan=False)


def test_of_several_trained_manipulations_the_first_that_was_tested_counts():
    cells = [cell("per_class"), cell("grouped"), cell("grouped", "B", aucs=(0.6, 0.5))]
    cells = [{**one, "train_set": "A+B"} for one in cells]
    a, _ = table(*cells, headline={**HEADLINE, "train_set": "A+B"})
    assert (a["in_domain"]["manipulation"], a["in_domain"]["auc"]) == ("B", 0.6)


def test_an_undefined_number_keeps_its_reason():
    broken = cell("per_class", undefined="one class")
    broken["detectors"]["a"] = {"auc": None, "low": None, "high": None, "covers": "videos"}
    a, b = table(broken)
    assert (a["cross"]["auc"], a["cross"]["undefined"]) == (None, "one class")
    assert "undefined" not in b["cross"]


@pytest.mark.parametrize(
    ("protocols", "found"),
    [(["per_class", "official", "grouped", "grouped_kfold"], "grouped_kfold"),
     (["per_class", "official"], None), (["per_class", "mine"], None)],
)  # fmt: skip
def test_a_clean_protocol_is_one_in_which_no_leak_was_counted(protocols, found):
    assert clean_protocol(map(cell, protocols), LEAKS, train_set="FS", manipulation="NT") == found
    assert clean_protocol(map(cell, protocols), LEAKS, train_set="FS", manipulation="DF") is None
    nobody = dict.fromkeys(protocols, leaks_of())
    first = clean_protocol(map(cell, protocols), nobody, train_set="FS", manipulation="NT")
    assert first == min(protocols, key=by_candidacy(protocols).index)


@given(st.lists(st.floats(0.1, 0.9), min_size=2, max_size=2))
def test_test_numbers_do_not_move_the_order(found):
    rows = table(cell("per_class", aucs=found), cell("grouped", aucs=found[::-1]))
    assert [row["detector"] for row in rows] == ["a", "b"]


def test_the_input_is_left_alone():
    cells, files = [cell("per_class"), cell("grouped")], choices(a=[file()], b=[file(0.9)])
    before = copy.deepcopy((cells, files))
    league(standings(files), cells, headline=HEADLINE, validated="per_class", leaks=LEAKS)
    assert (cells, files) == before


# plot


def test_the_plot_has_a_row_a_detector_and_test_by_parameters():
    sizes = {"a": [file(0.9, trainable=50, head=0)], "b": [file(0.8, trainable=0, head=0)]}
    points = league_points(table(cell("per_class"), cell("grouped", aucs=(0.65, 0.55)), **sizes))
    assert list(points.columns) == list(POINT_COLUMNS)
    assert points[["detector", "trainable", "test", "protocol", "auc"]].to_numpy().tolist() == [
        ["b", 0, "cross", "per_class", 0.6], ["a", 50, "cross", "per_class", 0.7],
        ["b", 0, "clean", "grouped", 0.55], ["a", 50, "clean", "grouped", 0.65],
    ]  # fmt: skip


def test_a_clean_headline_stands_in_the_plot_once_and_unknown_numbers_are_empty():
    rows = table(
        cell("grouped"), headline={**HEADLINE, "protocol": "grouped"}, a=[{"validation": {}}], b=[file()]
    )
    points = league_points(rows)
    assert list(points["test"]) == ["cross", "cross"]
    assert points.to_csv(index=False).splitlines()[1].startswith("a,,cross,")
