"""The page and its pictures: complete, escaped, self-contained, reproducible, small."""

import re

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.report import page
from clipforensics.report.page import render
from clipforensics.report.sections.gallery import Album
from tests.support.made_up_findings import (
    FAKE_KEY,
    NASTY,
    REAL_KEY,
    SECTIONS,
    Elements,
    Store,
    cell,
    entry,
    errors,
    evaluation,
    findings,
    full_page,
    rendered,
)


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
