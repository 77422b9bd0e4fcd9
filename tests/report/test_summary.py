"""The Markdown summary: the verdict, the table, how to reproduce; nothing in a name is Markdown."""

import re

from markdown_it import MarkdownIt

from clipforensics.report.reading.provenance import Provenance
from clipforensics.report.summary import as_markdown, summarise
from clipforensics.report.wording.tables import Column, Entry, Group, Table
from tests.support.made_up_findings import findings


def test_the_summary_has_verdict_table_and_commands():
    made = Provenance(trees={"stages": "ab" * 20}, data={"videos in it": "5"})
    text = summarise(findings(provenance=made, is_sample=True))
    assert text.startswith("## Every NeuralTextures fake has a twin in training: LoRA's video AUC is .832")
    assert "LoRA does better than the baseline, +.067 \\[.010, .120\\] AUC by video" in text
    assert "**Video AUC of each detector on NeuralTextures, by what training has seen**" in text
    assert "| LoRA | .832 | .832 \\[.700, .950\\] |" in text
    assert "    git log --oneline --find-object=" + "ab" * 20 in text
    assert "machinery, not science" in text
    assert "Data: videos in it: 5." in text
    assert "dvc repro" in text
    assert summarise(findings()) == summarise(findings())


def test_rows_have_as_many_cells_as_the_head():
    lines = [line for line in summarise(findings()).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2
    assert len({line.count("|") for line in lines}) == 1


NASTY = "<script>alert(1)</script>|`a`*b*_c_[x](http://e.org)@me #1 &lt; :smile: ~~s~~ $x$ \\|\n# head"


def tags(page):
    return re.findall(r"<[a-z0-9]+", page)


def test_names_are_only_text():
    def named(name):
        point = {"train_set": name, "manipulation": name}
        cells = [{**c, **point} for c in findings().comparison["cells"]]
        comparison = {**findings().comparison, "headline": point, "cells": cells}
        return summarise(findings(dataset=name, comparison=comparison))

    hostile, harmless = named(NASTY), named("Swap@other")  # both read as of another data set
    assert hostile.count("\n") == harmless.count("\n")
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    page, plain = parser.render(hostile), parser.render(harmless)
    assert tags(page) == tags(plain)
    assert "https://" not in hostile
    assert not re.search(r"(?<!\\)@", hostile)


def test_drawings_are_left_out_and_groups_are_rows():
    columns = (Column("a", numeric=False), Column("b"), Column("c", "g"))
    rows = ((Entry("x|y"), Entry(figure="<svg>"), Entry("1", "[0, 2]")),)
    text = as_markdown(Table("", columns, (Group("G", rows),), ("note",)))
    assert text == "| a | g: c |\n|:---|---:|\n| **G** | |\n| x\\|y | 1 \\[0, 2\\] |\n\nnote\n"
