"""Curves on the page, and what a headline of one fold says."""

import dataclasses

from clipforensics.report.page import render
from clipforensics.report.sections.gallery import Album
from tests.support.made_up_findings import (
    Elements,
    Store,
    drawn,
    evaluation,
    findings,
    full_findings,
    full_page,
    rendered,
)


def test_curves_have_the_reference_first_and_their_own_auc():
    assert [(c.name, c.note) for c in drawn(findings())] == [("Baseline", ".765"), ("LoRA", ".832")]


def test_with_several_seeds_curves_and_their_auc_are_the_first_one_s():
    second = {**evaluation("lora", 0.5), "seed": 43}
    both = {**findings().comparison, "seeds": [42, 43]}
    second["test"]["NeuralTextures"]["frame"] = second["test"]["NeuralTextures"]["video"] = {"auc": None}
    found = findings(comparison=both, evaluations=[*findings().evaluations, second])
    assert [(c.name, c.note) for c in drawn(found)] == [
        ("Baseline, seed 42", ".765"),
        ("LoRA, seed 42", ".832"),
    ]
    assert "Means over 2 seeds" in rendered(comparison=both)


def of_first_fold(**changed):
    """The full findings with the first of two folds as the headline's split."""
    full = full_findings()
    head = {**full.comparison["headline"], "split": "grouped_kfold-1", "protocol": "grouped_kfold"}
    cells = [{**c, "protocol": "grouped_kfold"} for c in full.comparison["cells"]]
    metrics = [{**m, "protocol": "grouped_kfold"} for m in full.comparison["metrics"]]
    detectors = {"lora": {"auc": 0.5}}
    fold = {
        "train_set": "FaceSwap",
        "manipulation": "NeuralTextures",
        "level": "video",
        "detectors": detectors,
    }
    comparison = {**full.comparison, "headline": head, "cells": cells, "metrics": metrics,
                  "folds": [{**fold, "fold": 1}, {**fold, "fold": 2}]}  # fmt: skip
    runs = [{**e, "split": "grouped_kfold-1"} for e in full.evaluations]
    return dataclasses.replace(full, comparison=comparison, evaluations=runs, **changed)


def test_sections_of_one_fold_say_so_and_curves_have_the_auc_of_all():
    text = render(of_first_fold(), Album(Store(), size=24), pictures_per_list=1)
    Elements(text)
    mark = '<p class="note">Fold 1 of the 2 folds alone.</p>'
    for place in ("calibration", "robustness", "errors"):
        assert mark in text.partition(f'<section id="{place}">')[2].partition("</section>")[0]
    assert text.partition('<section id="points">')[2].partition("</section>")[0].count(mark) == 1
    assert text.count("Fold 1 of the 2 folds alone: thresholds") == 1
    assert "Fold 1 of the 2 folds alone: calling every video" in text
    assert [c.note for c in drawn(of_first_fold())] == [".500", ".500"]
    assert "folds alone" not in full_page()
