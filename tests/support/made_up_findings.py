"""Findings made by hand, a frame store in memory, and the page made from them, taken apart."""

import html.parser

import numpy as np

from clipforensics.comparison.league import league, standings
from clipforensics.explanations.maps import Heatmaps
from clipforensics.frames.rows import RowIndex
from clipforensics.report import page
from clipforensics.report.page import Findings, render
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.reading.provenance import Provenance
from clipforensics.report.sections import curves
from clipforensics.report.sections.gallery import Album
from tests.support.leagues import KNOWN_LEAKS
from tests.support.made_up_controls import made_up

NASTY = "<script>alert(1)</script>.mp4"
NASTY_KEY = f"sample/real/-/{NASTY}"
REAL_KEY = "sample/real/c23/001"
FAKE_KEY = "sample/NeuralTextures/c23/001_002"
SECTIONS = {
    "first", "reading", "losses", "league", "controls", "strata", "roc", "points", "prevalence",
    "calibration", "matrix", "robustness", "errors", "leakage", "provenance",
}  # fmt: skip
VOID = {"meta", "link", "img", "br"}
UNSEEN = {"head", "title"}
"""Elements whose text nobody sees; a drawing's title is shown to a pointer at rest alone."""


class Store:
    """A frame store in memory: each row is a plain picture whose red is its row number."""

    def __init__(
        self, keys=(REAL_KEY, FAKE_KEY, NASTY_KEY), frames=(0, 10, 20, 30, 40), size=32, people=None
    ):
        self.rows = RowIndex([k for k in keys for _ in frames], [*frames] * len(keys), people)
        self.size, self.reads = size, []

    def read(self, rows):
        self.reads += list(rows)
        pictures = np.zeros((len(rows), self.size, self.size, 3), dtype=np.uint8)
        pictures[..., 0] = np.asarray(rows)[:, None, None] * 10
        return pictures


class Elements(html.parser.HTMLParser):
    """Collects tags, attributes and text, and checks that tags nest."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.stack, self.open_words = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        folds = self.stack.count("details")
        if not UNSEEN & set(self.stack) and (not folds or (folds == 1 and "summary" in self.stack)):
            self.open_words.append(data)

    @property
    def sections(self):
        """Values of `id` but those of tables."""
        return {v for _, name, v in self.attributes if name == "id" and not v.startswith("table-")}


def entry(key, score, label, **more):
    return {"key": key, "score": score, "label": label, "manipulation": key.split("/")[1], **more}


def errors():
    return {
        "manipulation": "NeuralTextures",
        "threshold": 0.43,
        "false_positives": [entry(REAL_KEY, 0.71, 0), entry(NASTY_KEY, 0.6, 0)],
        "false_negatives": [entry(FAKE_KEY, 0.12, 1)],
        "worst_videos": [entry(FAKE_KEY, 0.12, 1, error_rate=0.8, n_frames=5, worst_frames=[30, 10])],
    }


def evaluation(detector, auc):
    values = {"f1": 0.88, "accuracy": 0.8, "balanced_accuracy": 0.6, "tpr": 0.8, "fpr": 0.2}
    point = {
        "auc": auc,
        "ap": 0.97,
        "eer": 0.21,
        "n_real": 10,
        "n_fake": 100,
        "at_half": values,
        "at_validation": values,
    }
    levels = {"frame": point, "video": point}
    reference = {"f1": 0.952, "accuracy": 0.909, "balanced_accuracy": 0.5}
    return {
        "detector": detector,
        "train_set": "FaceSwap",
        "seed": 42,
        "parameters": {"trainable": 294912},
        "threshold": {"frame": 0.41, "video": 0.43, "rule": "eer"},
        "validation": levels,
        "test": {"NeuralTextures": {**levels, "all_fake": {"frame": reference, "video": reference}}},
    }


def cell(stratum, level, manipulation="NeuralTextures"):
    aucs = {
        "baseline": {"auc": 0.7654, "low": 0.6, "high": 0.9},
        "lora": {"auc": 0.8321, "low": 0.7, "high": 0.95},
    }
    return {
        "train_set": "FaceSwap",
        "manipulation": manipulation,
        "stratum": stratum,
        "level": level,
        "n_real": 10,
        "n_fake": 100,
        "detectors": aucs,
        "differences": {"lora": {"auc": 0.0667, "low": 0.01, "high": 0.12, "p": 0.02}},
    }


def findings(**changed):
    cells = [cell(s, level) for level in ("video", "frame") for s in ("all", "twin", "no_twin")]
    point = {"train_set": "FaceSwap", "manipulation": "NeuralTextures"}
    curve = [{"fpr": x, "tpr": x} for x in ("0.0", "0.5", "1.0")]
    curves = {"lora": curve, "baseline": curve}
    content = {
        "dataset": "sample",
        "is_sample": False,
        "comparison": {"reference": "baseline", "headline": point, "seeds": [42], "cells": cells},
        "evaluations": [evaluation("baseline", 0.7654), evaluation("lora", 0.8321)],
        "leakage": {"FaceSwap": {"twins": 90, "rows": {"real": {"n": 10}, "fake": {"n": 100}}}},
        "errors": [("baseline", errors()), ("lora", errors())],
        "curves": {"video": curves, "frame": curves},
        "settings": {"methods": {"lora": {"r": 8}}},
        "skipped": [{"stage": "ingest", "path": NASTY, "reason": "no video stream"}],
    }
    return Findings(**{**content, **changed})


def rendered(store=None, pictures_per_list=5, **changed):
    return render(findings(**changed), Album(store or Store(), size=24), pictures_per_list=pictures_per_list)


VIDEO_NAMES = (NASTY, "a_very_long_name_without_a_space" * 4, '"><img src=x onerror=alert(1)>')


def full_findings():
    """Findings in which every section has something to show."""
    strengths = [
        {"degradation": kind, "strength": s, "setting": f"setting {s}", "level": "video",
         "detectors": {d: {"auc": 0.7, "low": 0.6, "high": 0.8} for d in ("baseline", "lora")},
         "drops": {"lora": {"auc": -0.1, "low": -0.2, "high": 0.0, "p": 0.05}}, "differences": {}}
        for kind in ("jpeg", "blur") for s in range(1, 6)
    ]  # fmt: skip
    metrics = [
        {"train_set": "FaceSwap", "manipulation": "NeuralTextures", "level": "video", "metric": name,
         "n_real": 10, "n_fake": 100, "detectors": {"lora": {"value": 0.5, "low": 0.4, "high": 0.6}},
         "differences": {"lora": {"value": 0.1, "low": 0.0, "high": 0.2, "p": 0.05}}}
        for name in ("auc", "tpr_at_fpr_0.01", "ece")
    ]  # fmt: skip
    cells = [*findings().comparison["cells"], cell("all", "video", "Deepfakes")]
    runs = [calibrated(one) for one in findings().evaluations]
    band = [{"fpr": x, "tpr": x, "low": "0.2", "high": "0.8"} for x in ("0.0", "1.0")]
    group = {
        "cluster": 0,
        "size": 2,
        "manipulations": {"X": 2},
        "medoid": FAKE_KEY,
        "keys": [FAKE_KEY, REAL_KEY],
    }
    grouped = {**errors(), "clusters": {"summary": [group]}}
    return findings(
        comparison={**findings().comparison, "cells": cells, "metrics": metrics, "league": standing()},
        evaluations=runs,
        bands={"video": {"lora": band}},
        controls=made_up(metadata="open", removed="better"),
        robustness={"detectors": ["baseline", "lora"], "seed": 1, "manipulation": "X", "rows": strengths},
        explanations={"method": "rollout", "sanity": {"lora": {"rank_correlation": 0.1, "n": 3}}},
        errors=[("baseline", grouped), ("lora", grouped)],
        provenance=Provenance(
            trees={"stages": "ab" * 20}, data={"videos": "5"}, machine={"processor": "P" * 90}
        ),
    )


def standing():
    """A league table of both detectors."""
    head = {"protocol": "per_class", "train_set": "FaceSwap", "manipulation": "NeuralTextures"}
    files = [evaluation("baseline", 0.7654), evaluation("lora", 0.8321)]
    cells = [{**cell("all", "video"), "protocol": name} for name in ("per_class", "grouped")]
    gap = {"auc": -0.0667, "low": -0.12, "high": -0.01}
    for one in cells:
        one["to_leader"] = {"leader": "lora", "differences": {"baseline": gap}}
    order = standings({(one["detector"], 42): {"per_class": one} for one in files})
    return league(order, cells, headline=head, validated=head["protocol"], leaks=KNOWN_LEAKS)


def calibrated(one):
    """An evaluation with thresholds by rule, and with probabilities."""
    bins = [
        {"low": i / 10, "high": (i + 1) / 10, "n": i, "mean_probability": i / 10 + 0.05 if i else None,
         "share_manipulated": 0.5 if i else None}
        for i in range(10)
    ]  # fmt: skip
    point = {**one["test"]["NeuralTextures"]["video"], "uncalibrated": {"brier": 0.3, "ece": 0.3}}
    point["probability"] = {"brier": 0.2, "ece": 0.1, "reliability": bins}
    point["at_thresholds"] = {"eer": {"fpr": 0.1, "tpr": 0.5}}
    tested = {**one["test"]["NeuralTextures"], "video": point}
    prior = {"method": "platt", "validation_prior": {"video": 0.5}}
    return {
        **one,
        "test": {"NeuralTextures": tested},
        "calibration": prior,
        "thresholds": {"video": {"eer": 0.4}},
    }


def full_page():
    maps = np.ones((2, 2, 2), dtype=np.float16)
    maps = Heatmaps(maps, {(FAKE_KEY, 30): 0, (FAKE_KEY, 10): 1})
    album = Album(Store(), size=24, heatmaps={"baseline": maps, "lora": maps})
    return render(full_findings(), album, pictures_per_list=5)


def drawn(found):
    order = cast_of(found.comparison).order
    return curves.level_curves(found, page.first_seed(found.evaluations), "video", order).values()
