"""The whole league table as Markdown that lines up in a terminal."""

import re

import pytest
from markdown_it import MarkdownIt

from clipforensics.core.faults import InputError
from clipforensics.report.league import duration, league_markdown, memory
from clipforensics.report.reading.costs import Spent
from clipforensics.report.wording.markdown import escape
from clipforensics.report.wording.names import label_of
from clipforensics.training.costs import Cost
from tests.report.test_summary import NASTY
from tests.support import made_up_run
from tests.support.leagues import ABOVE, BELOW, league_of
from tests.support.made_up_controls import OFF, made_up


def cost(**changed):
    paid = {
        "detector": "b", "weights": "0" * 64, "seconds": 90.0, "samples": 9000, "samples_per_second": 100.0,
        "peak_memory_bytes": 3 * 2**29, "device": "GPU X", "processes": 1,
    }  # fmt: skip
    return Cost(**{**paid, **changed})


def two(**changed):
    head = {"protocol": "per_class", "train_set": "FS", "manipulation": "NT"}
    return {**league_of([("b", None, ABOVE), ("a", BELOW, None)]), "headline": head, **changed}


def rows_of(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return lines, [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_has_costs_and_says_where_none_was_measured():
    spent = {"b": Spent((cost(), cost(seconds=30.0)), 2), "a": Spent((), 2, ("it was not trained here",))}
    text = league_markdown(two(), spent)
    _, (heads, _, first, second) = rows_of(text)
    assert heads == [
        "#", "method", "trainable", "training", "samples/s", "peak memory", "validation", "in domain",
        "NT, per class",
    ]  # fmt: skip
    assert first == ["1", "b", "10", "60 s", "150", "1.50 GiB", ".900", "-", ".700 [.600,\xa0.800]"]
    assert second[2:6] == ["10", "- (a)", "-", "-"]
    assert "(a) not measured: it was not trained here" in text
    assert "Measured on: GPU X, 1 process." in text
    assert "mean of a model" in text
    assert "b, first by validation, is ahead of a" in text


def test_some_models_of_several_say_how_many():
    spent = {"b": Spent((cost(),), 3, ("x",)), "a": Spent((cost(samples=0),), 1)}
    _, (_, _, first, second) = rows_of(league_markdown(two(), spent))
    assert first[3] == "90 s 1/3 (a)"
    assert second[3:5] == ["90 s", "-"]


def test_all_lines_of_the_table_are_of_one_length():
    compared = made_up_run.comparison()
    lines, found = rows_of(league_markdown(compared, {}))
    assert len({len(line) for line in lines}) == 1
    assert [row[1] for row in found[2:]] == [escape(label_of(row["detector"])) for row in compared["league"]]
    assert len(lines) == 2 + 13


def test_a_name_is_only_text():
    league = two()["league"]
    league[0]["detector"] = NASTY
    league[0]["validation"] |= {"protocol": NASTY, "manipulation": NASTY}
    head = {"protocol": NASTY, "train_set": NASTY, "manipulation": NASTY}
    spent = {NASTY: Spent((cost(device=NASTY),), 2, (NASTY,)), "a": Spent((), 2)}
    hostile = league_markdown(two(league=league, headline=head), spent)
    harmless = league_markdown(two(), {"b": Spent((cost(),), 2, ("why",)), "a": Spent((), 2)})
    assert hostile.count("\n") == harmless.count("\n")
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    page, plain = (re.findall(r"<[a-z0-9]+", parser.render(text)) for text in (hostile, harmless))
    assert page == plain
    assert not re.search(r"(?<!\\)(?:[<@]|\]\()", hostile)


def test_without_a_table_the_remedy_is_named():
    with pytest.raises(InputError, match="no league table; run `dvc repro compare`"):
        league_markdown(two(league=[]), {})


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (119.4, "119 s"), (120, "2.0 min"),
     (7169, "119.5 min"), (7200, "2.0 h"), (360_000, "100.0 h")],
)  # fmt: skip
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_memory():
    assert [memory(None), memory(2**30), memory(215 * 2**20)] == ["-", "1.00 GiB", "0.21 GiB"]


def test_controls_have_rows_without_a_number():
    compared = made_up_run.comparison()
    text = league_markdown(compared, {}, made_up())
    lines, cells = rows_of(text)
    assert len({line.count("|") for line in lines}) == 1
    controls = [row for row in cells if row[1].startswith("control: ")]
    assert [row[0] for row in controls] == ["-"] * 4
    assert controls[1][1:8] == ["control: file metadata alone", *["-"] * 6]
    assert controls[1][8] == ".690 [.550,\xa0.810]"
    assert controls[1][9] == "-", "that cell has no controls"
    assert "controls and no detectors" in text
    assert "controls" not in league_markdown(compared, {}, OFF)
