"""Detectors minus controls: by comparison's own functions, with the sides changed."""

import numpy as np
import pytest

from clipforensics.comparison.meeting import compare_aucs, meet
from clipforensics.comparison.training_sets import meet_on_sets, overlap_of, variance_row
from clipforensics.controls.meeting import meet_one, meet_several
from clipforensics.statistics.holm import holm
from clipforensics.statistics.simultaneous import max_t
from tests.support.controls import CONTROLS, write_control_scores
from tests.support.result_files import FOLDS, OPTIONS, REPEATS, write_results

ASKS = {name: one.asks for name, one in CONTROLS.items()}
LIKE = {"unaltered": "baseline", "metadata": "lora", "reencoded": "lora"}
DRAWN = {name: value for name, value in OPTIONS.items() if name not in ("reference", "confidence")}
JACKKNIFED = {name: OPTIONS[name] for name in ("aggregate", "cluster")}
ENDS = ("auc", "low", "high", "p")


def read(results, controls, split):
    return {**results.read_scores([split], "FS"), **controls.read([split], "FS")}


def mirrored(row):
    """The difference of the two the other way round."""
    return {"auc": -row["auc"], "low": -row["high"], "high": -row["low"], "p": row["p"]}


def same(found, expected):
    assert {name: found[name] for name in ENDS} == pytest.approx({name: expected[name] for name in ENDS})


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A split, its scores and the meeting of all."""
    root = tmp_path_factory.mktemp("one")
    results = write_results(root, ["grouped"], in_domain=True)
    controls = write_control_scores(results, root / "controls", ["grouped"], LIKE)
    test, scores = results.read_videos(["grouped"], "FS", "test"), read(results, controls, "grouped")
    return results, test, meet_one(scores, test, "NT", **DRAWN)


def test_on_one_split_numbers_are_those_of_compare(one):
    results, test, met = one
    cells, _ = compare_aucs(
        meet(results.read_scores(["grouped"], "FS"), test, "NT", **DRAWN),
        reference="baseline",
        confidence=0.9,
        strata=False,
    )
    expected = next(cell for cell in cells if cell["level"] == "video")
    row = met.row(ASKS, "family", 0.9)
    for name in ("baseline", "lora"):
        same(row["detectors"][name], expected["detectors"][name])
    same(row["controls"]["metadata"], expected["detectors"]["lora"])
    same(row["differences"]["metadata"]["baseline"], mirrored(expected["differences"]["lora"]))
    same(row["differences"]["metadata"]["lora"], {"auc": 0, "low": 0, "high": 0, "p": 1})
    assert expected["detectors"]["lora"]["low"] < expected["detectors"]["lora"]["high"]
    assert {name: row[name] for name in ("n_real", "n_fake", "n_groups")} == {
        "n_real": 4, "n_fake": 4, "n_groups": 8,
    }  # fmt: skip


def test_the_family_is_detectors_minus_rivals_and_the_anchor_minus_removals(one):
    *_, met = one
    expected = {("metadata", "baseline"), ("metadata", "lora"), ("reencoded", "unaltered")}
    corrected = met.family(ASKS, 0.9)
    assert set(corrected) == expected
    differences = met.differences()
    assert corrected == max_t({pair: differences[pair] for pair in expected}, confidence=0.9)
    row = met.row(ASKS, "mine", 0.9)
    marked = {
        (control, name)
        for control, of in row["differences"].items()
        for name, one_ in of.items()
        if one_.get("family") == "mine"
    }
    assert marked == expected
    assert set(row["differences"]["reencoded"]) == {"baseline", "lora", "unaltered"}, "the rest is described"
    wider = row["differences"]["metadata"]["baseline"]
    assert wider["simultaneous"]["low"] <= wider["low"] < wider["high"] <= wider["simultaneous"]["high"]


def test_a_rival_is_the_mean_over_its_draws_with_their_spread(tmp_path):
    results = write_results(tmp_path, ["grouped"], in_domain=True, seeds=(1, 2, 3))
    controls = write_control_scores(results, tmp_path / "controls", ["grouped"], LIKE, draws=3)
    scores = results.read_scores(["grouped"], "FS")
    first = {who: table for who, table in scores.items() if who[1] == 1}
    test = results.read_videos(["grouped"], "FS", "test")
    row = meet_one({**first, **controls.read(["grouped"], "FS")}, test, "NT", **DRAWN).row(ASKS, "", 0.9)
    cells, _ = compare_aucs(
        meet(scores, test, "NT", **DRAWN), reference="baseline", confidence=0.9, strata=False
    )
    seeds = next(cell for cell in cells if cell["level"] == "video")["detectors"]["lora"]["seeds"]
    found = row["controls"]["metadata"]
    assert found["auc"] == pytest.approx(seeds["mean"])
    assert found["draws"] == pytest.approx({name: seeds[name] for name in ("n", "sd", "min", "max")})
    assert found["covers"] == "videos and draws"
    gap = row["differences"]["metadata"]["baseline"]["auc"]
    assert gap == pytest.approx(row["detectors"]["baseline"]["auc"] - seeds["mean"])


@pytest.mark.parametrize("splits", [FOLDS, REPEATS])
def test_over_several_splits_numbers_are_those_of_their_mean(tmp_path, splits):
    results = write_results(tmp_path, splits, in_domain=True)
    controls = write_control_scores(results, tmp_path / "controls", splits, LIKE)
    scores = {split: read(results, controls, split) for split in splits}
    parts = {
        part: {split: results.read_videos([split], "FS", part) for split in splits}
        for part in ("train", "test")
    }
    met = meet_several(scores, parts, "NT", **JACKKNIFED)
    row = met.row(ASKS, "family", 0.9)
    overlap = overlap_of(list(parts["train"].values()))
    plain = {split: results.read_scores([split], "FS") for split in splits}
    sets = meet_on_sets(plain, parts["test"], "NT", overlap=overlap, **JACKKNIFED)
    expected = variance_row(sets, "video", "baseline", 0.9)
    same(row["controls"]["metadata"], expected["detectors"]["lora"])
    same(row["differences"]["metadata"]["baseline"], mirrored(expected["differences"]["lora"]))
    assert row["differences"]["metadata"]["baseline"]["covers"] == "videos and training sets"
    members = {pair: one for pair, one in met.differences().items() if pair in met.family(ASKS, 0.9)}
    assert met.family(ASKS, 0.9) == holm(members, confidence=0.9)


def test_over_several_splits_draws_are_means_of_each(tmp_path):
    results = write_results(tmp_path, REPEATS, in_domain=True, seeds=(1, 2))
    controls = write_control_scores(results, tmp_path / "controls", REPEATS, LIKE, draws=2)
    parts = {
        part: {split: results.read_videos([split], "FS", part) for split in REPEATS}
        for part in ("train", "test")
    }
    scores = {}
    for split in REPEATS:
        detectors = {who: one for who, one in results.read_scores([split], "FS").items() if who[1] == 1}
        scores[split] = {**detectors, **controls.read([split], "FS")}
    row = meet_several(scores, parts, "NT", **JACKKNIFED).row(ASKS, "", 0.9)
    plain = {split: results.read_scores([split], "FS") for split in REPEATS}
    aucs = meet_on_sets(plain, parts["test"], "NT", overlap=0.5, **JACKKNIFED).aucs("video")["lora"]
    by_draw = np.mean([one.values for one in aucs], axis=0)
    found = row["controls"]["metadata"]
    assert found["auc"] == pytest.approx(by_draw.mean())
    assert (found["draws"]["min"], found["draws"]["max"]) == pytest.approx((by_draw.min(), by_draw.max()))


def test_what_cannot_be_told_says_why(tmp_path):
    results = write_results(tmp_path, ["grouped"], in_domain=True)
    controls = write_control_scores(results, tmp_path / "controls", ["grouped"], LIKE)
    test = results.read_videos(["grouped"], "FS", "test").assign(group=1)
    row = meet_one(read(results, controls, "grouped"), test, "NT", **DRAWN).row(ASKS, "", 0.9)
    assert "two or more clusters" in row["undefined"]
    assert row["controls"]["metadata"]["low"] is None
    assert "family" not in row["differences"]["metadata"]["baseline"]
