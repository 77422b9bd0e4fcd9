"""Lines of the terminal: what validation has seen, and a detector against the reference."""

import pytest

from clipforensics.audit.terminal import further
from tests.support.comparison_cells import plain_spaces


def content(row, **leakage):
    cell = {
        "manipulation": "NT",
        "stratum": "all",
        "level": "video",
        "differences": {"b": row} if row else {},
    }
    return {"reference": "a", "cells": [{**cell, "level": "frame"}, cell], "leakage": leakage}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"auc": 0.1, "low": 0.05, "high": 0.15}, "+.100 [.050, .150] video AUC; a difference is shown."),
        (
            {"auc": 0.1, "low": -0.05, "high": 0.2},
            "+.100 [−.050, .200] video AUC; a difference is not shown.",
        ),
        ({"auc": -0.1}, "−.100 (no interval) video AUC; it cannot be said whether they differ."),
    ],
)
def test_a_difference_is_said_as_far_as_its_interval_goes(row, said):
    assert [plain_spaces(line) for line in further(content(row), "NT")] == [f"b minus a: {said}"]


def test_one_detector_without_validation_has_nothing_further():
    assert further(content(None), "NT") == []


def test_validation_is_counted_for_the_manipulation_of_the_headline():
    fake = {"NT": {"n": 5, "any_seen": 3, "twin": 2}, "FS": {"n": 9, "any_seen": 9, "twin": 9}}
    leakage = {"validation": {"manipulations": fake, "real": {"n": 1, "any_seen": 1}}}
    assert further(content(None, **leakage), "NT") == [
        "Validation has seen somebody of 3 of 5 fakes (2 by a twin) and of 1 of 1 real."
    ]
