"""The table: which side is the better one, what a round is, how a line reads."""

import time

import pytest

from benchmarks.table import HEADS, Skipped, compare, head, make_row, show, show_skipped, timed


def cells_of(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_ratio_above_one_says_that_ours_takes_less():
    row = make_row("ours / theirs", [(1.0, 2.0)], goal=1.5)
    assert (row.ours, row.other, row.ratio, row.met) == (1.0, 2.0, 2.0, True)
    assert not make_row("ours / theirs", [(2.0, 1.0)], goal=0.6).met
    assert make_row("ours / theirs", [(2.0, 1.0)], goal=None).met


def test_with_work_the_values_are_rates_and_the_ratio_is_the_same():
    row = make_row("ours / theirs", [(2.0, 1.0)], goal=None, work=10, unit="frames/s")
    assert (row.ours, row.other, row.ratio) == (5.0, 10.0, 0.5)


def test_a_slow_hour_that_meets_both_sides_leaves_the_ratio_as_it_is():
    quiet, busy = (1.0, 2.0), (7.0, 14.0)
    assert make_row("", [quiet, quiet, busy, busy], goal=None).ratio == 2.0


def test_one_disturbed_round_is_outvoted():
    assert make_row("", [(1.0, 2.0), (90.0, 2.0), (1.0, 2.0)], goal=None).ratio == 2.0


def test_sides_take_turns_in_going_first_and_the_first_round_does_not_count():
    order = []

    def side(name, seconds):
        values = iter(seconds)
        return lambda: (order.append(name), next(values))[1]

    row = compare("a / b", side("a", [99, 1, 1, 1]), side("b", [1, 3, 3, 3]), rounds=3, goal=None)
    assert order == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert (row.ours, row.other, row.ratio) == (1, 3, 3)


def test_what_prepares_is_handed_on_and_not_timed(monkeypatch):
    order = []
    monkeypatch.setattr(time, "perf_counter", lambda: order.append("clock") or len(order))
    timed(order.append, lambda: order.append("prepared") or "run")()
    assert order == ["prepared", "clock", "run", "clock"]


def test_a_line_has_a_cell_for_every_head_and_says_whether_the_goal_is_met():
    assert tuple(cells_of(head().splitlines()[0])) == HEADS
    row = make_row("ours / theirs", [(0.004, 0.002)], goal=0.9, work=1000, unit="frames/s")
    line = ["x", "ours / theirs", "250,000 frames/s", "500,000 frames/s", "0.5", "0.9 MISSED"]
    assert cells_of(show("x", row)) == line
    assert cells_of(show_skipped("x", Skipped("no card"))) == ["x", "skipped: no card", *[""] * 4]


@pytest.mark.parametrize(("ratio", "word"), [(0.9, "met"), (0.89, "MISSED")])
def test_a_goal_is_the_least_that_meets_it(ratio, word):
    assert cells_of(show("x", make_row("", [(1.0, ratio)], goal=0.9)))[-1] == f"0.9 {word}"
