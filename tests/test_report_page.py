"""The page and its pictures: complete, escaped, self-contained, reproducible, small."""

import dataclasses
import html.parser
import re

import numpy as np
import pandas as pd
import pytest

from clipforensics.faults import InputError
from clipforensics.league.table import league, standings
from clipforensics.provenance import Provenance
from clipforensics.report import curves, page
from clipforensics.report.cast import cast_of
from clipforensics.report.gallery import Album
from clipforensics.report.heatmaps import Heatmaps
from clipforensics.report.page import Findings, render

NASTY = "<script>alert(1)</script>.mp4"
NASTY_KEY = f"sample/real/-/{NASTY}"
REAL_KEY = "sample/real/c23/001"
FAKE_KEY = "sample/NeuralTextures/c23/001_002"
SECTIONS = {
    "reading", "league", "strata", "roc", "points", "calibration", "matrix", "robustness", "errors",
    "leakage", "provenance",
}  # fmt: skip
VOID = {"meta", "link", "img", "br"}


class Store:
    """A frame store in memory: each row is a plain picture whose red is its row number."""

    def __init__(self, keys=(REAL_KEY, FAKE_KEY, NASTY_KEY), frames=(0, 10, 20, 30, 40), size=32):
        self.index = pd.DataFrame([(k, f) for k in keys for f in frames], columns=["key", "frame"])
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
        self.tags, self.attributes, self.words, self.stack = [], [], [], []
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
    values = {"f1": 0.88, "accuracy": 0.8, "balanced_accuracy": 0.6}
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
    return league(order, cells, headline=head)


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


# page


def drawn(found):
    order = cast_of(found.comparison).order
    return curves.level_curves(found, page.first_seed(found.evaluations), "video", order).values()


def test_the_page_nests_and_has_every_section():
    found = Elements(rendered())
    ids = {value for _, name, value in found.attributes if name == "id"}
    assert ids == SECTIONS
    assert found.tags.count("h1") == 1


def test_a_full_page_nests_and_no_section_says_that_it_is_empty():
    found = Elements(full_page())
    text = " ".join(found.words)
    assert {value for _, name, value in found.attributes if name == "id"} == SECTIONS
    assert not re.search(r"The run has no|There are no|there is no matrix|not called probabilities", text)
    assert found.tags.count("svg") > 15
    for said in ("Platt scaling", "rank correlation", "setting 5", "TPR at FPR 1%", "git log --oneline"):
        assert said in text


def test_no_key_of_a_file_is_on_the_page_instead_of_words():
    flags = {"n": 10, "n_groups": 5, "target_is_training_real": 8, "any_seen": 9}
    words = " ".join(Elements(rendered(leakage={"per_class A": {"fake": flags}})).words)
    assert not {"target_is_training_real", "any_seen", "n_groups", "seen_identity", "no_twin"} & set(
        words.split()
    )


def test_numbers_come_from_the_files():
    text = " ".join(Elements(rendered()).words)
    for number in (".765", ".832", "+.067", ".909", ".952", ".210", ".970", "294\u202f912", "90"):
        assert number in text


def test_the_page_needs_nothing_else():
    found = Elements(rendered())
    assert not {"script", "iframe", "object", "embed", "form", "base"} & set(found.tags)
    for tag, name, value in found.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            assert value.startswith(("data:", "#")), (tag, name, value[:50])
    style = "".join(re.findall(r"<style>(.*?)</style>", rendered(), re.S))
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_forbids_everything_but_styles_and_pictures_in_the_page():
    policies = [
        v for _, name, v in Elements(rendered()).attributes if name == "content" and "default-src" in v
    ]
    assert policies == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    ]


@pytest.mark.parametrize(
    "nasty", [NASTY, '" onmouseover="alert(1)', "{{ 7 * 7 }}{% raw %}", "</style><b>", "&lt;b&gt;"]
)
def test_names_in_the_data_are_only_text(nasty):
    """In every place that a name can reach: the page has the same tags as with a harmless name."""

    def page_with(name):
        point = {"train_set": name, "manipulation": name}
        cells = [
            {**cell("all", "video"), **point},
            {**cell(name, "video"), **point},
            {**cell("all", "frame"), **point},
        ]
        lines = {name: [{"fpr": x, "tpr": x} for x in ("0.0", "1.0")]}
        for one in cells:
            one["detectors"] = {"baseline": one["detectors"]["baseline"], name: one["detectors"]["lora"]}
            one["differences"] = {name: one["differences"]["lora"]}
        tested = {
            **evaluation(name, 0.8321),
            "test": {name: evaluation(name, 0.8321)["test"]["NeuralTextures"]},
        }
        tested["test"][name]["video"] = {**tested["test"][name]["video"], "undefined": {name: name}}
        key = f"sample/{name}/-/{name}"
        wrong = {**errors(), "false_positives": [entry(key, 0.7, 0), entry(REAL_KEY, 0.7, 0)]}
        return rendered(
            store=Store(keys=(key, FAKE_KEY)),
            pictures_per_list=1,
            dataset=name,
            comparison={"reference": "baseline", "headline": point, "seeds": [name], "cells": cells},
            evaluations=[tested],
            leakage={name: {name: {name: {name: name}, "b": [name]}}, "b": {}},
            errors=[(name, wrong)],
            curves={"video": lines, "frame": lines},
            settings={name: {name: [name]}},
            skipped=[{"stage": name, "path": name, "reason": name}],
        )

    harmless, hostile = Elements(page_with("harmless")), Elements(page_with(nasty))
    assert hostile.tags == harmless.tags
    assert [(t, n) for t, n, _ in hostile.attributes] == [(t, n) for t, n, _ in harmless.attributes]
    assert sum(nasty in word for word in hostile.words) > 10


def test_the_sample_says_that_it_is_no_science():
    sentence = "show the machinery, not science"
    assert sentence in rendered(is_sample=True)
    assert sentence not in rendered(is_sample=False)


def test_the_same_findings_give_the_same_bytes():
    assert rendered() == rendered()


def test_the_page_lives_with_the_least_that_can_be_known():
    comparison = {
        "reference": "baseline",
        "headline": {"train_set": "A", "manipulation": "B"},
        "seeds": [],
        "cells": [],
    }
    text = rendered(
        comparison=comparison, evaluations=[], leakage={}, errors=[], curves={}, settings={}, skipped=[]
    )
    assert "nothing to compare" in text
    assert {v for _, n, v in Elements(text).attributes if n == "id"} == SECTIONS
    for said in (
        "The run has no curves.",
        "Scores are not called probabilities on this page",
        "there is no matrix to show",
        "There is no robustness test here. The run has no files of it.",
        "The run has no error lists.",
        "The run has no leak audit.",
        "This run has one protocol only",
        "The run has no league table.",
    ):
        assert said in text


def test_undefined_numbers_do_not_leak_their_python_names():
    nothing = {"auc": None, "low": None, "high": None}
    cells = [{**cell("all", "video"), "detectors": {"baseline": nothing, "lora": nothing},
              "differences": {"lora": {**nothing, "p": None}}}]  # fmt: skip
    comparison = {**findings().comparison, "cells": cells}
    words = " ".join(Elements(rendered(comparison=comparison, evaluations=[])).words)
    assert not re.search(r"\b(None|nan|undefined value)\b", words)
    assert "the difference in video AUC is undefined" in words


def test_a_page_that_is_too_large_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(page, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match=r"report\.pictures_per_list: 5 makes a page of .* MB.*lower it"):
        rendered()


def test_a_full_page_is_far_below_the_limit():
    """The report's own test set with everything wrong: 10 real and 100 fake videos, 8 pictured a list."""
    keys = [f"sample/NeuralTextures/c23/{i:03d}_{i + 1:03d}" for i in range(100)]
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    store = Store(keys=keys, frames=(0, 1, 2))
    store.read = lambda rows: np.stack([noise] * len(rows))
    wrong = {**errors(), "false_negatives": [entry(key, 0.1, 1) for key in keys]}
    text = render(
        findings(errors=[("baseline", wrong), ("lora", wrong)]), Album(store, size=160), pictures_per_list=8
    )
    assert len(text.encode()) < page.MAX_BYTES / 4


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
    assert text.partition('<section id="points">')[2].partition("</section>")[0].count(mark) == 2
    assert text.count("Fold 1 of the 2 folds alone: thresholds") == 1
    assert "Fold 1 of the 2 folds alone: calling every video" in text
    assert [c.note for c in drawn(of_first_fold())] == [".500", ".500"]
    assert "folds alone" not in full_page()


@pytest.mark.parametrize(("auc", "agrees"), [(0.8321, True), (0.8321 + 1e-9, True), (0.8322, False)])
def test_files_that_disagree_are_refused(auc, agrees):
    mixed = findings(evaluations=[evaluation("baseline", 0.7654), evaluation("lora", auc)])
    if agrees:
        page.check_agreement(mixed)
    else:
        with pytest.raises(InputError, match=r"lora: video AUC on NeuralTextures is 0\.832200 .* 0\.832100"):
            page.check_agreement(mixed)


def test_the_mean_over_seeds_is_what_has_to_agree():
    seeds = [evaluation("lora", 0.7321), {**evaluation("lora", 0.9321), "seed": 43}]
    page.check_agreement(findings(evaluations=seeds))
    with pytest.raises(InputError, match="lora"):
        page.check_agreement(findings(evaluations=seeds[:1]))


def test_intervals_are_named_by_the_confidence_in_the_file():
    assert "% intervals" not in rendered()
    text = rendered(comparison={**findings().comparison, "bootstrap": {"confidence": 0.9}})
    assert "90% intervals (bootstrap over videos)" in text
    assert "95%" not in text
