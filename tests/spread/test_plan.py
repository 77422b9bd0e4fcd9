"""Chains of cells and the shares of an array job's tasks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.spread.plan import make_plan, share


def pipeline(seeds=("1", "2")):
    """ingest -> split@* -> train@* -> evaluate@* -> compare, in the order of `dvc repro`."""
    reads = {"ingest": frozenset(), "split@a": frozenset({"ingest"}), "embed": frozenset({"ingest"})}
    reads |= {f"train@{seed}": frozenset({"split@a", "embed"}) for seed in seeds}
    reads |= {f"evaluate@{seed}": frozenset({f"train@{seed}", "embed"}) for seed in seeds}
    return reads | {"compare": frozenset(f"evaluate@{seed}" for seed in seeds)}


def test_a_chain_is_a_training_and_what_reads_it():
    plan = make_plan(pipeline(), ["train", "evaluate"])
    assert plan.upstream == ("ingest", "split@a", "embed")
    assert plan.chains == (("train@1", "evaluate@1"), ("train@2", "evaluate@2"))


def test_the_order_of_the_command_line_does_not_matter():
    assert make_plan(pipeline(), ["evaluate", "train"]) == make_plan(pipeline(), ["train", "evaluate"])


def test_stages_that_are_not_named_are_upstream_or_left_alone():
    assert make_plan(pipeline(), ["train"]).chains == (("train@1",), ("train@2",))
    assert make_plan(pipeline(), ["evaluate"]).upstream == (
        "ingest",
        "split@a",
        "embed",
        "train@1",
        "train@2",
    )


def test_cells_that_share_a_reader_are_one_chain():
    reads = pipeline() | {"ensemble@x": frozenset({"evaluate@1", "train@2"})}
    plan = make_plan(reads, ["train", "evaluate", "ensemble"])
    assert plan.chains == (("train@1", "train@2", "evaluate@1", "evaluate@2", "ensemble@x"),)


def test_single_cells_and_patterns():
    plan = make_plan(pipeline(), ["train@2", "evaluate@*"])
    assert plan.upstream == ("ingest", "split@a", "embed", "train@1")
    assert plan.chains == (("train@2", "evaluate@2"), ("evaluate@1",))


@pytest.mark.parametrize("pattern", ["compare", "trian", "train@3", "*@3", ""])
def test_what_names_no_cell_is_refused(pattern):
    with pytest.raises(InputError, match=r"no cell of one; matrix stages: evaluate, split, train$"):
        make_plan(pipeline(), ["train", pattern])


def test_a_stage_between_two_that_are_named_must_be_named():
    reads = pipeline() | {"package@1": frozenset({"evaluate@1"})}
    with pytest.raises(InputError, match=r"evaluate@1 reads some of train package, .*; name it too"):
        make_plan(reads, ["train", "package"])


@given(
    n_train=st.integers(0, 12),
    edges=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=12),
    tasks=st.integers(1, 15),
)
def test_shares_are_disjoint_and_complete_and_no_share_reads_another(n_train, edges, tasks):
    reads = {f"train@{i}": frozenset() for i in range(n_train)}
    reads |= {
        f"evaluate@{i}": frozenset(f"train@{a}" for a, b in edges if b == i and a < n_train)
        for i in range(n_train)
    }
    stages = ["train", "evaluate"] if reads else []
    chains = make_plan(reads, stages).chains
    shares = [share(chains, task=task, tasks=tasks) for task in range(tasks)]
    cells = [[cell for chain in one for cell in chain] for one in shares]
    assert sorted(cell for mine in cells for cell in mine) == sorted(reads)
    for mine in cells:
        for i, cell in enumerate(mine):
            assert reads[cell] <= set(mine[:i]), "a cell comes after what it reads, in the same task"
    sizes = [len(one) for one in shares]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("task", "tasks"), [(2, 2), (5, 2), (-1, 2)])
def test_a_task_beyond_the_number_of_tasks_is_refused(task, tasks):
    with pytest.raises(InputError, match=rf"--task {task} of --tasks {tasks}.*--array=0-1"):
        share([("train@1",)], task=task, tasks=tasks)
