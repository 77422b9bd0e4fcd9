"""Which cells are asked for, what comes before them, and which must run."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.spread.plan import due, make_plan


def pipeline(seeds=("1", "2")):
    """ingest -> split@* -> train@* -> evaluate@* -> compare, in the order of `dvc repro`."""
    reads = {"ingest": frozenset(), "split@a": frozenset({"ingest"}), "embed": frozenset({"ingest"})}
    reads |= {f"train@{seed}": frozenset({"split@a", "embed"}) for seed in seeds}
    reads |= {f"evaluate@{seed}": frozenset({f"train@{seed}", "embed"}) for seed in seeds}
    return reads | {"compare": frozenset(f"evaluate@{seed}" for seed in seeds)}


def test_cells_in_the_order_of_repro_and_what_they_read():
    plan = make_plan(pipeline(), ["train", "evaluate"])
    assert plan.upstream == ["ingest", "split@a", "embed"]
    assert plan.cells == ["train@1", "train@2", "evaluate@1", "evaluate@2"]
    assert make_plan(pipeline(), ["evaluate", "train"]) == plan


def test_stages_that_are_not_named_are_upstream_or_left_alone():
    assert make_plan(pipeline(), ["train"]).cells == ["train@1", "train@2"]
    upstream = ["ingest", "split@a", "embed", "train@1", "train@2"]
    assert make_plan(pipeline(), ["evaluate"]).upstream == upstream


def test_single_cells_and_patterns():
    plan = make_plan(pipeline(), ["train@2", "evaluate@*"])
    assert plan.upstream == ["ingest", "split@a", "embed", "train@1"]
    assert plan.cells == ["train@2", "evaluate@1", "evaluate@2"]


@pytest.mark.parametrize(
    ("changed", "must"),
    [
        ([], []),
        (["evaluate@2"], ["evaluate@2"]),
        (["train@1"], ["train@1", "evaluate@1", "page@1"]),
        (["evaluate@1", "train@2"], ["train@2", "evaluate@1", "evaluate@2", "page@1"]),
    ],
)
def test_what_reads_a_cell_that_must_run_must_run(changed, must):
    reads = pipeline() | {"page@1": frozenset({"evaluate@1"})}
    assert due(make_plan(reads, ["train", "evaluate", "page"]).cells, reads, changed) == must


@pytest.mark.parametrize("pattern", ["compare", "trian", "train@3", "*@3", ""])
def test_what_names_no_cell_is_refused(pattern):
    with pytest.raises(InputError, match=r"no cell of one; matrix stages: evaluate, split, train$"):
        make_plan(pipeline(), ["train", pattern])


def test_a_stage_between_two_that_are_named_must_be_named():
    reads = pipeline() | {"package@1": frozenset({"evaluate@1"})}
    with pytest.raises(InputError, match=r"evaluate@1 reads some of train package, .*; name it too"):
        make_plan(reads, ["train", "package"])
