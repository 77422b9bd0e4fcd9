"""Chains on slots, with real processes that take no time, and their end when a signal comes."""

import sys
from contextlib import nullcontext

import pytest

from clipforensics.spread.chains import run_chains
from clipforensics.spread.children import Children


def run(tmp_path, chains, slots=({},), *, fail=(), wait=(), reads=None):
    """Cells that leave a file with the environment's SLOT; some fail, some wait for another's file."""
    wait, told = dict(wait), []

    def command(cell):
        steps = ["import os, pathlib, sys, time"]
        if cell in wait:
            steps.append(f"while not pathlib.Path({wait[cell]!r}).exists(): time.sleep(.01)")
        steps.append(
            "sys.exit(3)" if cell in fail else f"open({cell!r}, 'w').write(os.environ.get('SLOT', ''))"
        )
        return [sys.executable, "-I", "-c", "\n".join(steps)]

    with Children(lambda _: nullcontext()) as children:
        failed = run_chains(
            chains,
            slots,
            children=children,
            command=command,
            log=lambda cell: tmp_path / f"{cell}.log",
            reads=reads or {cell: frozenset() for chain in chains for cell in chain},
            tell=told.append,
        )
    return failed, told


@pytest.fixture(autouse=True)
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_free_slot_takes_the_next_chain(tmp_path):
    slots = [{"SLOT": "left"}, {"SLOT": "right"}]
    failed, told = run(tmp_path, [["a1", "a2"], ["b"], ["c"]], slots, wait={"a1": "c"})
    assert failed == {}
    where = {cell: (tmp_path / cell).read_text() for cell in ("a1", "a2", "b", "c")}
    assert where == {"a1": "left", "a2": "left", "b": "right", "c": "right"}
    assert told[0].startswith("[1/4] b done, ")
    assert told[3].startswith("[4/4] a2 done, ")


def test_what_reads_a_failed_cell_does_not_run_and_the_rest_does(tmp_path):
    reads = {"train": frozenset(), "evaluate": frozenset({"train"}), "page": frozenset({"evaluate"})}
    reads |= {"second": frozenset(), "other": frozenset()}
    failed, told = run(tmp_path, [list(reads)[:4], ["other"]], reads=reads, fail={"train"})
    assert failed == {
        "train": f"failed, see {tmp_path / 'train.log'}",
        "evaluate": "not run, since it reads train",
        "page": "not run, since it reads evaluate",
    }
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".log") == ["other", "second"]
    assert [line.split(",")[0] for line in told] == [
        "[1/5] train failed",
        "[4/5] second done",
        "[5/5] other done",
    ]


@pytest.mark.parametrize("chains", [[], [[]], [["a"], []]])
def test_nothing_to_do_ends(tmp_path, chains):
    assert run(tmp_path, chains)[0] == {}
