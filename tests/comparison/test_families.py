"""Families: who belongs where, that the rows say so, and what is shown to a detector's discredit."""

from dataclasses import replace

import pytest

from clipforensics.comparison.families import Families, Member, outside
from clipforensics.comparison.primary import Place, Primary
from clipforensics.statistics.holm import holm
from clipforensics.statistics.simultaneous import max_t
from tests.support.families import differences

HEADLINE = ("per_class", "FS", "NT")
CLEAN = ("grouped", "FS", "NT")
PRIMARY = Primary("lora", "baseline", Place(*CLEAN))


def families(primary=PRIMARY, confidence=0.95):
    return Families(HEADLINE, primary, confidence)


@pytest.mark.parametrize(
    ("place", "detector", "kind", "family"),
    [
        (Place(*CLEAN), "lora", "differences", "primary"),
        (Place(*CLEAN), "mlp", "differences", "league grouped"),
        (Place(*HEADLINE), "lora", "differences", "league per_class"),
        (Place(*HEADLINE), "lora", "to_leader", "leader per_class"),
        (Place(*CLEAN), "lora", "to_leader", "leader grouped"),
        (Place("per_class", "FS", "DF"), "lora", "differences", "matrix"),
        (Place("official", "DF", "NT"), "lora", "differences", "matrix"),
        (Place("official", "FS", "NT"), "lora", "differences", "league official"),
        (Place("official", "FS", "NT@other"), "lora", "differences", "other data sets"),
        (Place(*HEADLINE, level="frame"), "mlp", "differences", "metrics per_class mlp"),
        (Place(*HEADLINE, metric="f1"), "lora", "differences", "metrics per_class lora"),
        (Place(*CLEAN, metric="f1"), "lora", "differences", "metrics grouped lora"),
        (Place("per_class", "FS", "DF", metric="f1"), "lora", "differences", None),
        (Place(*HEADLINE, stratum="twin"), "lora", "differences", "strata per_class"),
        (Place(*HEADLINE, stratum="twin", level="frame"), "lora", "differences", None),
        (Place(*HEADLINE, stratum="twin"), "mlp", "differences", None),
        (Place(*HEADLINE, stratum="twin-clean"), "mlp", "detectors", "leak gaps per_class"),
        (Place(*HEADLINE, stratum="twin-clean", level="frame"), "mlp", "detectors", None),
        (Place(*HEADLINE, stratum="twin-clean"), "mlp", "differences", None),
        (Place(*HEADLINE, stratum="twin-clean"), "lora", "differences", None),
        (Place(*HEADLINE, stratum="twin-clean"), "lora", "to_leader", None),
        (Place("per_class", "FS", "FS", stratum="validation"), "lora", "differences", None),
    ],
)
def test_every_difference_has_its_family_or_none(place, detector, kind, family):
    assert families().family_of(Member(place, kind, detector)) == family


def test_without_a_primary_the_league_has_all():
    assert families(None).family_of(Member(Place(*CLEAN), "differences", "lora")) == "league grouped"
    assert families(None).family_of(Member(Place(*HEADLINE, stratum="twin"), "differences", "lora")) is None


def cell(protocol="per_class", manipulation="NT", stratum="all", level="video", **members):
    rows = {n: {"auc": e.value, "low": -1.0, "high": 1.0, "p": e.interval().p} for n, e in members.items()}
    return {
        "protocol": protocol, "train_set": "FS", "manipulation": manipulation, "level": level,
        "stratum": stratum, "differences": rows, "detectors": {},
    }  # fmt: skip


def metric(name, p=0.5, value=0.1, protocol="per_class", detector="lora", **more):
    row = {"value": value, "low": -1.0, "high": 1.0, "p": p, **more}
    return {
        "protocol": protocol, "train_set": "FS", "manipulation": "NT", "level": "video", "metric": name,
        "differences": {detector: row}, "detectors": {},
    }  # fmt: skip


LEAGUE = dict(zip(("lora", "mlp", "full"), differences((1.0, 1.1, 1.9, 0.4)).values(), strict=True))


def collected(*rows, primary=PRIMARY):
    found = families(primary)
    for row in rows:
        members = {name: LEAGUE[name] for name in row["differences"]}
        found.collector(row["protocol"], row["train_set"])("differences", row, members)
    return found


def test_rows_get_what_max_t_says_and_the_family_is_declared():
    row = cell(**LEAGUE)
    (family,) = collected(row).attach({"cells": [row]})
    expected = max_t(LEAGUE)
    for name, one in expected.items():
        found = row["differences"][name]
        assert found["family"] == "league per_class"
        assert found["simultaneous"] == one._asdict()
        assert found["p"] == LEAGUE[name].interval().p, "the uncorrected one stays"
    n_shown = sum(one.p < 0.05 for one in expected.values())
    assert (family["name"], family["n"], family["n_shown"]) == ("league per_class", 3, n_shown)
    assert (family["method"], family["level"]) == ("max-t", 0.95)
    assert family["about"] == "video AUC of each detector minus the reference, all fakes"


def test_the_primary_is_marked_and_not_corrected():
    row = cell("grouped", **LEAGUE)
    (family,) = collected(row).attach({"cells": [row]})
    assert family["n"] == 2
    assert row["differences"]["lora"]["family"] == "primary"
    assert "simultaneous" not in row["differences"]["lora"]
    others = {name: one for name, one in LEAGUE.items() if name != "lora"}
    assert row["differences"]["mlp"]["simultaneous"] == max_t(others)["mlp"]._asdict()


def test_other_cells_are_one_family_by_holm():
    rows = [cell(protocol, "DF", lora=LEAGUE["lora"], full=LEAGUE["full"]) for protocol in ("a", "b")]
    (family,) = collected(*rows).attach({"cells": rows})
    assert (family["name"], family["n"], family["method"]) == ("matrix", 4, "holm")
    expected = holm({(i, n): LEAGUE[n] for i in (0, 1) for n in ("lora", "full")})
    for i, row in enumerate(rows):
        for name in ("lora", "full"):
            assert row["differences"][name]["simultaneous"] == expected[i, name]._asdict()


def test_a_number_that_stands_in_two_tables_counts_once():
    one, two = cell(**LEAGUE), metric("auc", detector="lora")
    (family,) = collected(one, two).attach({"cells": [one], "metrics": [two]})
    assert family["n"] == 3
    assert two["differences"]["lora"]["simultaneous"] == one["differences"]["lora"]["simultaneous"]


def test_gaps_and_the_leader_are_collected_from_their_own_places():
    gap = {**cell(), "minuend": "twin", "subtrahend": "clean"}
    del gap["stratum"]
    gap["detectors"] = {"lora": {"auc": 0.1, "p": 0.5}}
    row = {**cell(), "to_leader": {"leader": "x", "differences": {"lora": {"auc": 0.1}}}}
    found = families()
    collect = found.collector("per_class", "FS")
    collect("detectors", gap, {"lora": LEAGUE["lora"]})
    collect("to_leader", row, {"lora": LEAGUE["lora"]})
    names = [family["name"] for family in found.attach({"cells": [row], "leak_gaps": [gap]})]
    assert names == ["leader per_class", "leak gaps per_class"]
    assert gap["detectors"]["lora"]["family"] == "leak gaps per_class"
    assert row["to_leader"]["differences"]["lora"]["family"] == "leader per_class"


def test_what_cannot_be_tested_is_in_no_family():
    row = cell(lora=LEAGUE["lora"])
    found = families()
    lost = replace(LEAGUE["lora"], undefined="too few")
    found.collector("per_class", "FS")("differences", row, {"lora": lost})
    assert found.attach({"cells": [row]}) == []
    assert "family" not in row["differences"]["lora"]


def corrected(p, low=-0.3, high=0.3):
    return {"family": "metrics per_class lora", "simultaneous": {"low": low, "high": high, "p": p}}


def test_losses_and_gains_are_what_is_shown_after_correction_each_in_its_direction():
    metrics = [
        metric("accuracy", p=0.001, value=-0.2, **corrected(0.01, -0.3, -0.1)),
        metric("brier", p=0.001, value=0.1, **corrected(0.02)),
        metric("fpr", p=0.001, value=-0.1, **corrected(0.03)),
        metric("f1", p=0.001, value=-0.2, **corrected(0.06)),  # no longer shown
        metric("ap", p=0.001, value=-0.2, **corrected(0.01)),  # not one that is judged
        metric("tpr", p=0.001, value=-0.2),  # in no family
        metric("tpr", p=0.001, value=-0.2, protocol="official", **corrected(0.01)),  # of another cell
        metric("auc", p=0.04, value=0.1, protocol="grouped", family="primary"),
        metric("eer", p=None, value=0.1, protocol="grouped", family="primary"),  # it has no interval
    ]
    losses, gains = families().judged({"metrics": metrics})
    assert [row["metric"] for row in losses] == ["accuracy", "brier"]
    assert [row["metric"] for row in gains] == ["fpr", "auc"]
    assert losses[0] == {
        "detector": "lora", "metric": "accuracy", "level": "video", "protocol": "per_class",
        "train_set": "FS", "manipulation": "NT", "value": -0.2, "low": -0.3, "high": -0.1, "p": 0.01,
        "family": "metrics per_class lora",
    }  # fmt: skip
    assert gains[1]["p"] == 0.04


@pytest.mark.parametrize(
    ("metrics", "grows"),
    [(("auc", "accuracy", "balanced_accuracy", "f1", "tpr"), True), (("fpr", "brier", "eer"), False)],
)
def test_every_metric_that_is_judged_is_in_its_own_direction(metrics, grows):
    for name in metrics:
        losses, gains = families().judged({"metrics": [metric(name, value=0.1, **corrected(0.01))]})
        assert (len(losses), len(gains)) == ((0, 1) if grows else (1, 0)), name


def test_what_is_outside_is_counted_once_a_number():
    metrics = [
        metric("f1", p=0.01),
        metric("tpr", p=0.5),
        metric("ece", p=None),
        metric("auc", p=0.02),
        metric("brier", p=0.001, **corrected(0.01)),
    ]
    cells = [cell(lora=LEAGUE["lora"])]
    cells[0]["differences"]["lora"]["p"] = 0.02
    assert outside({"cells": cells, "metrics": metrics}, confidence=0.95) == {"n": 3, "n_excluding_0": 2}
