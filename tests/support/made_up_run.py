"""A run of thirteen detectors, made up: every file that the page reads, each section with something in it."""

import numpy as np

from clipforensics.comparison.league import league, standings
from clipforensics.report.reading.findings import Findings
from clipforensics.report.reading.provenance import Provenance
from tests.support.leagues import KNOWN_LEAKS
from tests.support.made_up_controls import made_up

DETECTORS = (
    "baseline", "zero_shot", "clip_adapter", "coop", "text_lora", "mlp", "lora", "layer_norm",
    "reprogramming", "bitfit", "last_blocks", "full", "effort",
)  # fmt: skip
TRAINABLE = (
    0, 0, 65_664, 8_192, 294_912, 131_328, 294_912, 39_936, 150_528, 101_376, 14_175_744, 87_849_216, 190_000,
)  # fmt: skip
TESTED = ("NeuralTextures", "Deepfakes", "Face2Face")
HEADLINE = {
    "split": "per_class", "protocol": "per_class", "train_set": "FaceSwap", "manipulation": "NeuralTextures",
}  # fmt: skip
METRICS = (
    "auc", "ap", "partial_auc", "eer", "tpr_at_fpr_0.01", "tpr_at_fpr_0.05", "tpr_at_fpr_0.1", "accuracy",
    "balanced_accuracy", "f1", "tpr", "fpr", "brier", "ece", "brier_at_validation_prior",
    "ece_at_validation_prior",
)  # fmt: skip


def interval(rng, low=0.5, high=0.95):
    """A value with bounds."""
    value = float(rng.uniform(low, high))
    return {"auc": value, "low": max(value - 0.1, 0.0), "high": min(value + 0.1, 1.0), "p": 0.04}


def gaps(values, reference="baseline", width=0.08):
    """Differences to a detector, with intervals."""
    return {
        name: {"auc": (gap := one["auc"] - values[reference]["auc"]), "low": gap - width, "high": gap + width,
               "p": 0.2, "covers": "videos"}
        for name, one in values.items() if name != reference
    }  # fmt: skip


def cell(rng, detectors, leader, protocol="per_class", manipulation="NeuralTextures", stratum="all",
         level="video", n_fake=100):  # fmt: skip
    values = {name: {**interval(rng), "covers": "videos"} for name in detectors}
    found = {
        "protocol": protocol, "train_set": "FaceSwap", "manipulation": manipulation, "stratum": stratum,
        "level": level, "n_real": 10, "n_fake": n_fake, "n_groups": 50, "detectors": values,
        "differences": gaps(values),
    }  # fmt: skip
    if (stratum, level) == ("all", "video"):
        found["to_leader"] = {"leader": leader, "differences": gaps(values, leader)}
    return found


def cells(rng, detectors, leader):
    strata = (("all", 100), ("twin", 90), ("no_twin", 10), ("seen_identity", 98), ("clean", 2))
    args = (rng, detectors, leader)
    found = [cell(*args, stratum=s, level=level, n_fake=n) for level in ("video", "frame") for s, n in strata]
    found += [cell(*args, manipulation=m) for m in TESTED[1:]]
    found += [cell(*args, manipulation="FaceSwap", stratum="validation")]
    found += [cell(*args, "grouped_kfold", m) for m in (*TESTED, "FaceSwap")]
    found += [cell(*args, "grouped_kfold", level="frame")]
    pooled = next(c for c in found if c["protocol"] == "grouped_kfold")
    pooled["fold_mean"] = {
        kind: {name: one["auc"] for name, one in pooled[kind].items()}
        for kind in ("detectors", "differences")
    }
    return found


def comparison(detectors=DETECTORS, leader="effort", seed=0):
    """metrics/comparison.json."""
    rng = np.random.default_rng(seed)
    head = {key: HEADLINE[key] for key in ("train_set", "manipulation")}
    found = cells(rng, detectors, leader)
    values = {name: interval(rng) for name in detectors}
    leak = {
        "protocol": "per_class", **head, "level": "video", "minuend": "twin", "subtrahend": "no_twin",
        "n_minuend": 90, "n_subtrahend": 10, "detectors": gaps(values, detectors[-1]),
        "differences": gaps(values),
    }  # fmt: skip
    metrics = [
        {"protocol": protocol, **head, "level": level, "metric": name, "n_real": 10, "n_fake": 100,
         "detectors": {d: {"value": 0.5, "low": 0.4, "high": 0.6} for d in detectors},
         "differences": {d: {"value": 0.1, "low": 0.0, "high": 0.2, "p": 0.05} for d in detectors[1:]}}
        for protocol in ("per_class", "grouped_kfold") for level in ("video", "frame") for name in METRICS
    ]  # fmt: skip
    folds = [
        {"protocol": "grouped_kfold", **head, "fold": n, "level": level, "n_real": 20, "n_fake": 20,
         "detectors": {d: {"auc": float(rng.uniform(0.5, 0.9))} for d in detectors}}
        for n in (1, 2, 3) for level in ("video", "frame")
    ]  # fmt: skip
    order = standings({(e["detector"], 42): {"per_class": e} for e in evaluations(detectors, leader)})
    table = league(order, found, headline=HEADLINE, validated="per_class", leaks=KNOWN_LEAKS)
    return {
        "reference": "baseline", "headline": HEADLINE, "seeds": [42], "cells": found, "metrics": metrics,
        "leak_gaps": [leak], "folds": folds, "league": table,
        "leaks": {name: {HEADLINE["train_set"]: counts} for name, counts in KNOWN_LEAKS.items()},
        "bootstrap": {"confidence": 0.95, "cluster": "identity"},
    }  # fmt: skip


def evaluations(detectors=DETECTORS, leader="effort"):
    """metrics/evaluate/..., one a detector; the leader is best on validation, then as listed."""
    bins = [{"low": i / 10, "high": (i + 1) / 10, "n": 5, "mean_probability": i / 10 + 0.05,
             "share_manipulated": 0.5} for i in range(10)]  # fmt: skip
    values = {"f1": 0.88, "accuracy": 0.8, "balanced_accuracy": 0.6, "fpr": 0.1, "tpr": 0.7}
    rules = {"eer": values, "youden": values, "fpr": values}
    point = {
        "ap": 0.97, "eer": 0.21, "n_real": 10, "n_fake": 100, "at_half": values, "at_validation": values,
        "at_thresholds": rules, "uncalibrated": {"brier": 0.3, "ece": 0.3},
        "probability": {"brier": 0.2, "ece": 0.1, "reliability": bins},
    }  # fmt: skip
    reference = {"video": values, "frame": values}
    found = []
    for place, name in enumerate(detectors):
        auc = 0.99 if name == leader else 0.9 - place / 100
        level = {"auc": auc, "n_real": 10, "n_fake": 10, "at_thresholds": rules}
        trainable = TRAINABLE[DETECTORS.index(name)] if name in DETECTORS else 1000
        found.append({
            "detector": name, "split": "per_class", "train_set": "FaceSwap", "seed": 42,
            "parameters": {"trainable": trainable, "all": 88_000_000, "head": 513 * (name != "zero_shot")},
            "threshold": {"frame": 0.41, "video": 0.43, "rule": "eer"}, "fpr_budget": 0.1,
            "thresholds": {level: {rule: 0.4 for rule in rules} for level in ("video", "frame")},
            "calibration": {"method": "platt", "validation_prior": {"video": 0.5, "frame": 0.5}},
            "validation": {"video": level, "frame": {**level, "auc": auc - 0.05}},
            "test": {"NeuralTextures": {"video": point, "frame": point, "all_fake": reference}},
        })  # fmt: skip
    return found


def leakage():
    """metrics/leakage/...: the usual protocol leaks, no fold does."""

    def audit(n_real, n_fake, real, fake, twin):
        row = {"n": n_fake, "twin": twin, "any_seen": fake, "unknown": 0}
        return {"real": {"n": n_real, "any_seen": real, "unknown": 0}, "fake": row,
                "manipulations": {"NeuralTextures": row}, "unknown_identity": {"test": 0}}  # fmt: skip

    folds = {f"grouped_kfold-{n} FaceSwap": audit(20, 20, 0, 0, 0) for n in (1, 2, 3)}
    return {"per_class FaceSwap": audit(10, 100, 8, 98, 90), **folds}


def robustness(detectors=DETECTORS):
    """metrics/robustness.json."""
    rng = np.random.default_rng(1)
    rows = []
    for kind in ("none", "jpeg", "h264", "blur", "noise", "scale", "brightness"):
        for strength in (0,) if kind == "none" else (1, 2, 3, 4, 5):
            values = {d: interval(rng) for d in detectors}
            rows.append({
                "degradation": kind, "strength": strength, "setting": f"setting {strength}", "level": "video",
                "detectors": values, "differences": gaps(values),
                "drops": {} if kind == "none" else gaps({**values, "x": {"auc": 0.9}}, "x"),
            })  # fmt: skip
    return {"detectors": list(detectors), "seed": 42, "manipulation": "NeuralTextures", "rows": rows,
            "reference": "baseline", "bootstrap": {"confidence": 0.95}}  # fmt: skip


def errors(detectors=DETECTORS, n=40):
    """data/errors/...: the i-th detector gets fake j wrong unless i divides j."""
    found = []
    for place, name in enumerate(detectors, start=2):
        lists = [
            {"key": f"sample/NeuralTextures/c23/{j:03d}_{j + 1:03d}", "score": 0.2, "label": 1,
             "manipulation": "NeuralTextures", "scores": [0.1, 0.2, 0.3], "frames": [0, 1, 2], "n_frames": 3,
             "error_rate": 1.0, "worst_frames": [0, 1, 2], "twin": 1, "any_seen": 1, "spread": 0.1}
            for j in range(1, n) if j % place
        ]  # fmt: skip
        real = {"key": "sample/real/c23/001", "score": 0.8, "label": 0, "manipulation": "real"}
        content = {"threshold": 0.43, "frame_threshold": 0.4, "false_positives": [real]}
        found.append((name, {**content, "false_negatives": lists, "worst_videos": lists[:5]}))
    return found


def findings(detectors=DETECTORS, leader="effort", detector="baseline", **changed):
    """All of it."""
    rng = np.random.default_rng(2)
    curves = {
        level: {
            d: [{"fpr": f"{x:g}", "tpr": f"{y:g}"} for x, y in
                zip(np.linspace(0, 1, 9), np.sort([0, *rng.random(7), 1]), strict=True)]
            for d in detectors
        }
        for level in ("video", "frame")
    }  # fmt: skip
    band = [{"fpr": x, "tpr": x, "low": "0.2", "high": "0.8"} for x in ("0", "1")]
    content = {
        "dataset": "sample", "is_sample": False, "detector": detector,
        "comparison": comparison(detectors, leader), "evaluations": evaluations(detectors, leader),
        "leakage": leakage(), "errors": errors(detectors),
        "curves": curves, "bands": {level: dict.fromkeys(detectors, band) for level in curves},
        "robustness": robustness(detectors),
        "controls": made_up(detectors={name: 0.7 + i / 100 for i, name in enumerate(detectors)}),
        "explanations": {"method": "m", "sanity": {d: {"rank_correlation": 0.1, "n": 3} for d in detectors}},
        "settings": {"methods": {d: {"r": 8} for d in detectors}},
        "provenance": Provenance(trees={"stages": "ab" * 20}, data={"videos": "5"}),
    }  # fmt: skip
    return Findings(**{**content, **changed})
