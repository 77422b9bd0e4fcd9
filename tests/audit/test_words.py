"""Sentences say what the numbers allow and no more."""

import pytest

from clipforensics.audit import words


def row(auc, low=None, high=None):
    return {"auc": auc, "low": low, "high": high, "p": None}


NAMES = {"naming": "ffpp", "n_train": 50, "n_train_real": 20, "n_train_sharing": 5, "n_train_unsaid": 0,
         "n_train_unknown": 0, "n_train_fakes_unknown": 0, "owners": []}  # fmt: skip


def findings(*, twin, other, gap=None, n_twin=90, n_other=10, n_unknown=0, n_real=10, whole=None, **changes):
    """Findings of a detector `d` on NT, with rows for the strata."""
    whole = whole or row(0.869, 0.8, 0.93)
    n_fake = n_twin + n_other + n_unknown
    sizes = {"all": n_fake, "twin": n_twin, "no_twin": n_other, "unknown": n_unknown}
    rows = {"all": whole, "twin": twin, "no_twin": other, "unknown": row(None)}
    leaks = {"n": n_fake, "any_seen": n_twin, "trained_on": 0, "unknown": n_unknown}
    point = {"at_threshold": {"accuracy": 0.95}}
    return {
        "reference": "d",
        "cells": [
            {"manipulation": "NT", "stratum": s, "level": "video", "n_fake": sizes[s], "n_real": n_real,
             "detectors": {"d": rows[s]}, "differences": {}}
            for s in rows
        ],
        "leak_gaps": [
            {"manipulation": m, "level": level, "subtrahend": other_side, "detectors": {"d": values}}
            for m, level, other_side, values in (
                ("DF", "video", "no_twin", row(9, 8, 10)),
                ("NT", "frame", "no_twin", row(9, 8, 10)),
                ("NT", "video", "clean", row(9, 8, 10)),
                ("NT", "video", "no_twin", gap or row(None)),
            )
        ],
        "leakage": {
            "real": {"n": n_real, "any_seen": 1, "trained_on": 0, "unknown": 0},
            "manipulations": {"NT": leaks},
        },
        "names": NAMES,
        "bootstrap": {"cluster": "identity"},
        "threshold": {"d": {"value": 0.5, "rule": "half"}},
        "points": {"d": {"NT": {"video": point, "all_fake": {"video": {"accuracy": 0.909, "f1": 0.952}}}}},
        **changes,
    }  # fmt: skip


TWIN, OTHER = row(0.911, 0.85, 0.96), row(0.49, 0.26, 0.71)
APART = findings(twin=TWIN, other=OTHER, gap=row(0.421, 0.2, 0.6))
NONE = findings(twin=row(None), other=row(0.8, 0.7, 0.9), n_twin=0, n_other=100)
EVERY = findings(twin=row(0.8, 0.7, 0.9), other=row(None), n_twin=100, n_other=0)


@pytest.mark.parametrize(
    ("n", "whole", "expected"),
    [(90, 100, "nine of ten"), (1, 10, "one of ten"), (17, 60, "17 of 60"), (5, 5, "all"), (0, 7, "none"),
     (3, 5, "3 of 5"), (89, 100, "89 of 100"), (0, 0, "0 of 0")],
)  # fmt: skip
def test_a_share_is_rounded_to_nothing(n, whole, expected):
    assert words.share(n, whole) == expected


def test_the_headline_sets_both_sides_beside_each_other():
    assert words.headline(APART, "NT") == (
        "Nine of ten NT fakes have a twin in training: d's video AUC is .911 on those, .490 on the others"
    )
    assert words.headline(NONE, "NT") == "d: video AUC .869 on NT; no fake has a twin in training"
    assert words.headline(EVERY, "NT") == "d: video AUC .869 on NT; every fake has a twin in training"


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (
            row(0.421, 0.2, 0.6),
            "The gap, +.421\xa0[.200,\xa0.600], leaves 0 out: the detector does better where",
        ),
        (row(0.1, 1e-9, 0.2), "leaves 0 out: the detector does better where it was trained on a twin"),
        (row(-0.3, -0.5, -0.1), "[−.500,\xa0−.100], leaves 0 out: here fakes without a twin are the easier"),
        (row(0.1, 0, 0.2), "holds 0: a difference is not shown"),
        (row(-0.1, -0.2, 0), "holds 0: a difference is not shown"),
        (row(0.1, -0.1, 0.3), "holds 0: a difference is not shown, which is no evidence that there is none"),
        (row(0.25), "The gap, +.250, has no interval: it cannot be said whether these differ."),
    ],
)
def test_the_conclusion_follows_the_interval_of_the_gap(gap, said):
    """Not whether the two intervals overlap: these are apart in every case."""
    text = words.conclusion(findings(twin=TWIN, other=OTHER, gap=gap), "NT", "d")
    assert said in text
    assert ".911\xa0[.850,\xa0.960] on the 90 with a twin in training and .490" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [(NONE, "twins do not explain it"), (EVERY, "nothing here says how it does on others")],
)
def test_without_both_kinds_there_is_no_gap_to_speak_of(content, said):
    text = words.conclusion(content, "NT", "d")
    assert said in text
    assert "gap" not in text


def test_no_twin_does_not_hide_that_the_people_were_trained_on():
    """As where 020_000 was trained on and 000_020 is scored: no twin, and both people are known."""
    content = findings(twin=row(None), other=row(0.8, 0.7, 0.9), n_twin=0, n_other=100)
    content["leakage"]["manipulations"]["NT"]["any_seen"] = 90
    assert words.headline(content, "NT").endswith(
        "; no fake has a twin in training, but 90 of 100 show somebody from training"
    )
    assert words.conclusion(content, "NT", "d").endswith(
        "in training, so twins do not explain it, but 90 of 100 show somebody from training."
    )


def test_points_in_an_ordinary_case():
    points = words.points(APART, "NT")
    assert "90 of 100 NT fakes and 1 of 10 real videos share an identity with training." in points
    assert "10 real videos are few: a single one decides up to .100 of any AUC here." in points
    assert len(points) == 3
    assert len(words.points(findings(twin=row(1), other=row(1), n_real=30, n_other=30), "NT")) == 2


def test_scores_that_are_upside_down_are_said_to_be_first():
    content = findings(twin=row(0.1), other=row(0.2), gap=row(-0.2, -0.4, -0.1), whole=row(0.131, 0.06, 0.28))
    said = "d is below chance on NT, video AUC .131 [.060, .280]: check that a higher score means manipulated"
    assert words.headline(content, "NT").replace("\N{NO-BREAK SPACE}", " ").startswith(said)
    conclusion = words.conclusion(content, "NT", "d")
    assert conclusion.endswith("Below chance a gap means nothing.")
    assert "easier" not in conclusion
    content["reference"] = "e"
    for cell in content["cells"]:
        cell["detectors"]["e"] = row(0.8, 0.7, 0.9)
    assert "below chance" not in words.headline(content, "NT"), "the reference means what it says"
    assert words.below_chance(content, "NT")[0].startswith("d is below chance")
    unsure = findings(twin=row(0.1), other=row(0.2), whole=row(0.3, 0.1, 0.5))
    assert "below chance" not in words.headline(unsure, "NT"), "its interval reaches .5"


def test_names_that_nobody_stated_exonerate_nobody():
    content = {**NONE, "names": {**NAMES, "naming_stated": False}}
    said = words.conclusion(content, "NT", "d")
    assert (
        "Whether twins explain it cannot be said: nobody said that these are FaceForensics++'s names" in said
    )
    assert "so twins do not explain it" in words.conclusion(NONE, "NT", "d")


def test_points_name_what_is_wrong():
    content = findings(twin=row(0.3, 0.2, 0.4), other=row(0.3), whole=row(0.3, 0.2, 0.4), n_real=100)
    content["leakage"]["manipulations"]["NT"]["trained_on"] = 4
    content["leakage"]["real"]["trained_on"] = 7
    content["names"] = {
        **NAMES,
        "naming": "dfdc",
        "n_train_sharing": 0,
        "n_train_unsaid": 8,
        "n_train_unknown": 3,
    }
    content["leakage"]["real"]["unknown"] = 6
    content["threshold"] = {"d": {"value": None, "rule": None, "undefined": "of reasons"}}
    content["points"]["d"]["NT"]["video"]["at_threshold"] = None
    text = "\n".join(words.points(content, "NT")).replace("\N{NO-BREAK SPACE}", " ")
    for said in (
        "4 of 100 NT fakes and 7 of 100 real videos are training videos themselves. Every stratum",
        "It is not known who is in 6 scored and 3 training reals",
        "Of 8 training videos the list says no manipulation",
        "DFDC names clips, not people",
        "as --disjoint said",
        "d: no accuracy or F1, since of reasons.",
        "d is below chance on NT, video AUC .300 [.200, .400]: check that a higher score means manipulated.",
    ):
        assert said in text
    assert "Calling every video" not in text


def test_trained_fakes_alone_do_not_blame_the_reals():
    content = findings(twin=row(1), other=row(1))
    content["leakage"]["manipulations"]["NT"]["trained_on"] = 4
    text = "\n".join(words.points(content, "NT"))
    assert "The worst leak" in text
    assert "Every stratum" not in text


@pytest.mark.parametrize(("accuracy", "beaten"), [(0.95, False), (0.909, True), (0.8, True)])
def test_the_answer_fake_to_everything_stands_beside_accuracy(accuracy, beaten):
    content = findings(twin=row(1), other=row(1))
    content["points"]["d"]["NT"]["video"]["at_threshold"] = {"accuracy": accuracy}
    assert any("accuracy of .909 and an F1 of .952" in p for p in words.points(content, "NT")) is beaten


@pytest.mark.parametrize(("cluster", "remedy"), [("identity", True), ("video", False)])
def test_where_there_is_no_interval_the_reason_and_the_remedy_stand(cluster, remedy):
    content = findings(twin=row(1), other=row(1), whole=row(0.9), bootstrap={"cluster": cluster})
    content["cells"][0]["undefined"] = "one cluster"
    found = next(p for p in words.points(content, "NT") if p.startswith("There is no interval: one cluster."))
    assert ("--cluster video" in found) is remedy


OWNER = {"part": "scored", "class": "NT", "identity": "vid", "n": 90, "whole": 100}


@pytest.mark.parametrize(
    ("changes", "n_unknown", "reason"),
    [
        ({}, 100, "it is not known who is in all fakes, so twins in training may go unseen"),
        ({}, 7, "it is not known who is in 7 of 107 fakes, so twins in training may go unseen"),
        ({"n_train_fakes_unknown": 4}, 0, "it is not known who is in 4 of 30 training fakes, so twins"),
        ({"owners": [OWNER]}, 0, "vid is in 90 of 100 scored videos of NT, so the names may not tell"),
        (
            {"owners": [{**OWNER, "part": "training", "class": "FS"}]},
            0,
            "vid is in 90 of 100 training videos of FS",
        ),
    ],
)
def test_no_twin_is_not_said_while_a_name_is_unread(changes, n_unknown, reason):
    n_other = 0 if n_unknown == 100 else 100
    content = findings(
        twin=row(None), other=row(0.8, 0.7, 0.9), n_twin=0, n_other=n_other, n_unknown=n_unknown,
        names={**NAMES, **changes},
    )  # fmt: skip
    said = [words.headline(content, "NT"), words.conclusion(content, "NT", "d")]
    for text in said:
        assert reason in text
    assert any(reason[1:] in point for point in words.points(content, "NT"))
    for text in (*said, *words.points(content, "NT")):
        assert "o fake has a twin" not in text
        assert "do not explain" not in text


@pytest.mark.parametrize(
    "owner",
    [{**OWNER, "class": "DF"}, {**OWNER, "class": "real"}, {**OWNER, "part": "training", "class": "real"}],
)
def test_who_is_in_other_classes_says_nothing_of_twins(owner):
    content = {**NONE, "names": {**NAMES, "owners": [owner]}}
    assert words.headline(content, "NT") == "d: video AUC .869 on NT; no fake has a twin in training"


def test_with_twins_the_unknown_are_none_of_the_others():
    gap = row(0.421, 0.2, 0.6)
    some = findings(twin=TWIN, other=OTHER, gap=gap, n_twin=50, n_other=40, n_unknown=10)
    said = words.headline(some, "NT")
    assert said == (
        "Five of ten NT fakes have a twin in training: d's video AUC is .911 on those, .490 on the 40 known"
        " to have none"
    )
    rest = findings(twin=TWIN, other=row(None), n_twin=50, n_other=0, n_unknown=50)
    assert words.headline(rest, "NT").endswith("is .911 on those; it is not known who is in the others")
    assert "It is not known who is in the others" in words.conclusion(rest, "NT", "d")


def test_what_was_trained_on_stands_in_the_headline():
    content = findings(twin=TWIN, other=OTHER)
    content["leakage"]["manipulations"]["NT"]["trained_on"] = 10
    assert words.headline(content, "NT").startswith(
        "Trained on one of ten NT fakes of this test; nine of ten NT fakes have a twin in training: d's video"
    )
    content["leakage"]["real"]["trained_on"] = 3
    assert words.headline(content, "NT").startswith(
        "Trained on one of ten NT fakes and three of ten real videos of this test; nine of ten"
    )


@pytest.mark.parametrize(
    ("n_unknown", "end"),
    [
        (0, "from training or validation."),
        (1, "from training or validation. It is not known who is in 1 validation video: what they share goes"
            " unseen."),
        (7, "from training or validation. It is not known who is in 7 validation videos: what they share goes"
            " unseen."),
    ],
)  # fmt: skip
def test_validation_is_told_where_it_was_given(n_unknown, end):
    content = findings(twin=TWIN, other=OTHER)
    content["leakage"]["validation"] = {"manipulations": {"NT": {"n": 100, "twin": 10, "any_seen": 30}}}
    content["leakage"]["unknown_identity"] = {"train": 0, "val": n_unknown, "test": 0}
    content["cells"].append({**content["cells"][0], "stratum": "clean_of_both", "n_fake": 4})
    (said,) = [point for point in words.points(content, "NT") if point.startswith("Validation")]
    assert "has a twin of 10 of 100 NT fakes and an identity of 30; 4 fakes show nobody known" in said
    assert said.endswith(end)


@pytest.mark.parametrize(
    ("row_of_nt", "said"),
    [
        (
            {"standard_error": 0.04, "excess": 0.082},
            "the best of 27 equally good ones scores .082 above their worth",
        ),
        ({"standard_error": None, "excess": None}, "by how much cannot be said without an interval"),
    ],
)
def test_the_best_of_many_is_too_high(row_of_nt, said):
    chosen = {"n": 27, "detector": "d", "manipulations": {"NT": row_of_nt}}
    first = words.points({**APART, "chosen_from": chosen}, "NT")[0]
    assert first.startswith("d is the best of 27 by this test's own scores, which makes its number too high")
    assert said in first
    assert words.chosen(APART, "NT") == []
