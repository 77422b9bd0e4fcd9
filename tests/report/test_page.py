"""The page and its pictures: complete, escaped, self-contained, reproducible, small."""

import re
from dataclasses import replace

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.report import page
from clipforensics.report.page import render
from clipforensics.report.sections.gallery import Album
from tests.report.test_thirteen_detectors import page_of
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
    full_findings,
    full_page,
    rendered,
)


def test_the_page_nests_and_has_every_section():
    found = Elements(rendered())
    assert found.sections == SECTIONS
    assert found.tags.count("h1") == 1


def test_a_full_page_nests_and_no_section_says_that_it_is_empty():
    found = Elements(full_page())
    text = " ".join(found.words)
    assert found.sections == SECTIONS
    assert not re.search(r"The run has no|There are no|there is no matrix|not called probabilities", text)
    assert found.tags.count("svg") > 15
    for said in ("Platt scaling", "rank correlation", "setting 5", "TPR at FPR 1%", "git log --oneline"):
        assert said in text


def test_every_table_has_a_number_and_says_what_it_is():
    captions = re.findall(r"<caption><span><b>Table (\d+)\.</b> (.*?)</span></caption>", full_page())
    assert [int(number) for number, _ in captions] == list(range(1, len(captions) + 1))
    assert len(captions) > 15
    assert all(text for _, text in captions)


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
    assert Elements(text).sections == SECTIONS
    for said in (
        "The run has no curves.",
        "Scores are not called probabilities on this page",
        "there is no matrix to show",
        "There is no robustness test here. The run has no files of it.",
        "The run has no error lists.",
        "The run has no leak audit.",
        "The comparison has no AUC by video.",
        "The run has no rates at a threshold",
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
    assert "cannot be said: the difference in AUC by video is undefined." in words


def test_a_page_that_is_too_large_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(page, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match=r"report\.pictures_per_list: 5 makes a page of .* MB.*lower it"):
        rendered()


MOST_WORDS = 1500


@pytest.mark.parametrize("text", [rendered(), full_page(), page_of()], ids=["plain", "full", "thirteen"])
class TestEveryPage:
    """What holds of a page whatever is on it."""

    def test_few_words_are_open(self, text):
        """Summaries of folds are seen; what is folded is not."""
        said = " ".join(Elements(text).open_words).split()
        assert 200 < len(said) <= MOST_WORDS

    def test_tables_have_captions_and_running_numbers(self, text):
        captions = re.findall(r"<caption><span><b>Table (\d+)\.</b> (.*?)</span></caption>", text)
        assert [int(number) for number, _ in captions] == list(range(1, text.count("<table") + 1))
        assert all(name.strip() for _, name in captions)
        assert [f"table-{n}" for n, _ in captions] == re.findall(r'id="(table-\d+)"', text)

    def test_no_footnote_stands_twice(self, text):
        notes = re.findall(r'<p class="note">(.*?)</p>', text)
        twice = {note for note in notes if notes.count(note) > 1}
        assert len(notes) > 2
        assert not {note for note in twice if "folds alone" not in note}

    def test_every_link_leads_somewhere(self, text):
        found = Elements(text)
        ids = {value for _, name, value in found.attributes if name == "id"}
        assert {v[1:] for t, n, v in found.attributes if (t, n) == ("a", "href")} <= ids


def test_an_unusable_detector_is_red_wherever_it_has_a_row():
    compared = {
        **full_findings().comparison,
        "usable": {"lora": {"usable": False, "reason": "validation .52"}},
    }
    text = render(replace(full_findings(), comparison=compared), None, pictures_per_list=0)
    assert '<p class="failure unusable" role="note">Unusable: LoRA (validation .52).' in text
    heads = re.findall(r'<th scope="row">(?:\d\. )?LoRA(.*?)</th>', text)
    assert len(heads) > 10
    assert sum("unusable" in head for head in heads) == len(heads)
    assert 'class="bad">unusable' not in render(full_findings(), None, pictures_per_list=0)


def test_families_and_a_primary_comparison_are_on_the_page():
    families = [
        {
            "name": "AUC of strata",
            "about": "by video",
            "n": 24,
            "method": "max-t",
            "level": 0.95,
            "n_shown": 0,
        }
    ]
    text = rendered(comparison={**findings().comparison, "families": families})
    assert "Of 24 secondary differences in one family, none is shown." in text
    assert "AUC of strata" in text
    assert "Families of secondary differences" in text


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
