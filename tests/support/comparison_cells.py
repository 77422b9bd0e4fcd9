"""Rows of comparison.json and evaluations made by hand, for the sections of the page."""

GAPS = {"above": (0.06, 0.01, 0.11), "below": (-0.06, -0.11, -0.01), "open": (0.02, -0.05, 0.09)}

HEADLINE = ("FaceSwap", "NeuralTextures")


def cell(stratum="all", level="video", gap=(0.06, 0.01, 0.11), n=(10, 100), where=HEADLINE):
    value, low, high = gap
    return {
        "train_set": where[0],
        "manipulation": where[1],
        "stratum": stratum,
        "level": level,
        "n_real": n[0],
        "n_fake": n[1],
        "detectors": {
            "baseline": {"auc": 0.77, "low": 0.65, "high": 0.89},
            "lora": {"auc": 0.83, "low": 0.71, "high": 0.93},
        },
        "differences": {"lora": {"auc": value, "low": low, "high": high, "p": 0.02}},
    }


def comparison(*cells):
    headline = {"train_set": "FaceSwap", "manipulation": "NeuralTextures"}
    return {"reference": "baseline", "headline": headline, "seeds": [42], "cells": list(cells)}


def plain_spaces(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def evaluation(detector="baseline", accuracy=0.8, seed=42, **point):
    values = {"f1": 0.88, "accuracy": accuracy, "balanced_accuracy": 0.6}
    full = {
        "auc": 0.77,
        "ap": 0.97,
        "eer": 0.21,
        "n_real": 10,
        "n_fake": 100,
        "at_half": values,
        "at_validation": values,
    }
    reference = {"f1": 0.952, "accuracy": 0.909, "balanced_accuracy": 0.5}
    levels = {level: {**full, **point} for level in ("frame", "video")}
    return {
        "detector": detector,
        "train_set": "FaceSwap",
        "seed": seed,
        "threshold": {"frame": 0.41, "video": 0.43, "rule": "eer"},
        "validation": levels,
        "test": {"NeuralTextures": {**levels, "all_fake": {"frame": reference, "video": reference}}},
    }


def in_protocol(name, *args, **more):
    return {**cell(*args, **more), "protocol": name}


def gap_row(value, low, high, level="video", protocol="per_class", subtrahend="no_twin", **more):
    return {
        "protocol": protocol, "train_set": "FaceSwap", "manipulation": "NeuralTextures", "level": level,
        "detectors": {"baseline": {"auc": 0.2, "low": 0.1, "high": 0.3, "p": 0.01}},
        "differences": {"lora": {"auc": value, "low": low, "high": high, "p": 0.04}},
        "minuend": "twin", "subtrahend": subtrahend, **more,
    }  # fmt: skip


def under_protocols(*cells, **more):
    head = {
        "split": "per_class",
        "protocol": "per_class",
        "train_set": "FaceSwap",
        "manipulation": "NeuralTextures",
    }
    return {"reference": "baseline", "headline": head, "seeds": [42], "cells": list(cells), **more}


def two_protocols(usual="above", clean="open", protocol="grouped", **more):
    """The usual protocol with its strata, and a clean one."""
    return under_protocols(
        in_protocol("per_class", gap=GAPS[usual]),
        in_protocol("per_class", "twin", n=(10, 90)),
        in_protocol("per_class", "no_twin", gap=GAPS["open"], n=(10, 10)),
        in_protocol(protocol, gap=GAPS[clean], n=(20, 21)),
        **more,
    )


def texts_of_row(row):
    return [(c.text, plain_spaces(c.note)) for c in row if c.figure is None]


def clean_headline(*cells, name="grouped", **more):
    found = under_protocols(*cells, **more)
    found["headline"] = {**found["headline"], "split": name, "protocol": name}
    return found


def metric_row(name, value, protocol="per_class", level="video", **more):
    found = {"value": value, "low": value - 0.1, "high": value + 0.1}
    return {
        "protocol": protocol, "train_set": "FaceSwap", "manipulation": "NeuralTextures", "level": level,
        "metric": name, "n_real": 10, "n_fake": 100, "n_groups": 55,
        "detectors": {"baseline": found, "lora": found},
        "differences": {"lora": {"value": 0.2, "low": 0.1, "high": 0.3, "p": 0.01}}, **more,
    }  # fmt: skip
