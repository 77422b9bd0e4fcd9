"""On a cluster as here: in order, and not brought down by what dies, here or there."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.support.imports import ROOT
from tests.support.ray_cluster import join_with, needs_ray, ray_nodes

pytestmark = [needs_ray, pytest.mark.slow]


OTHER_CODE = """
from clipforensics.core.faults import one_line_errors
from clipforensics.machine.cluster import mapping, nodes
nodes.code_digest = lambda: "another"
with one_line_errors():
    list(mapping.map_on_ray(abs, [1], share=nodes.Share(1), died=abs))
"""


def tried(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process that joined a cluster of two nodes found on it, and what others were told."""
    folder, driver = tmp_path_factory.mktemp("ray"), "tests.support.ray_driver"
    with ray_nodes() as settings:
        inside = join_with(settings)
        stranger = tried({**inside, "RAY_AUTH_MODE": "disabled"}, "-m", driver, str(folder))
        told = {"other": tried(inside, "-c", OTHER_CODE).communicate(timeout=100)[1]}
        done = tried(inside, "-m", driver, str(folder))
        errors = done.communicate(timeout=150)[1]
        told["stranger"] = stranger.communicate(timeout=100)[1]
    assert done.returncode == 0, errors
    assert "Traceback" not in errors
    return told | json.loads((folder / "found.json").read_text())


SQUARES = [number * number for number in range(20)]


def but(**others: int) -> list[int]:
    return [others.get(f"n{number}", square) for number, square in enumerate(SQUARES)]


def test_results_come_in_order(found: dict[str, Any]) -> None:
    assert found["squares"] == SQUARES
    assert found["none"] == []


def test_both_nodes_work_in_this_folder_under_this_environment(found: dict[str, Any]) -> None:
    nodes, folders, threads = (set(of) for of in zip(*found["where"], strict=True))
    assert nodes == {"0", "1"}
    assert folders == {str(ROOT)}
    assert threads == {os.environ.get("OMP_NUM_THREADS")}


def test_items_that_kill_their_process_or_take_too_long_are_replaced_and_no_others(
    found: dict[str, Any],
) -> None:
    assert found["deadly"] == but(n0=-1, n7=-1, n8=-1)
    assert found["slow"] == but(n3=-2, n4=-2)


def test_a_worker_that_is_killed_in_mid_run_costs_no_item_its_result(found: dict[str, Any]) -> None:
    assert found["lethal_once"] == SQUARES


def test_an_item_that_kills_rays_own_worker_again_and_again_costs_itself_only(found: dict[str, Any]) -> None:
    assert found["lethal"] == but(n5=-1)


def test_what_the_function_raises_is_raised_here(found: dict[str, Any]) -> None:
    assert found["refused"] == "`x` is 5; write 4"


def test_few_results_wait_to_be_taken_and_the_rest_may_be_left(found: dict[str, Any]) -> None:
    """Of 120 times 5 MB for which nobody asks; the two nodes may hold 200 MB."""
    assert 1 <= found["ahead"] <= 96
    assert found["after"] == [0, 1, 4]


def test_who_has_no_token_is_told_what_to_do(found: dict[str, Any]) -> None:
    (line,) = found["stranger"].splitlines()
    assert "cannot be joined: the cluster wants a token" in line


def test_nodes_with_other_code_are_refused(found: dict[str, Any]) -> None:
    (line,) = found["other"].splitlines()
    assert "has clipforensics" in line
    assert "bytes might differ; install the same on every node" in line


def test_a_task_has_the_card_that_ray_gave_it(found: dict[str, Any]) -> None:
    assert found["cards"] == ["0"] * 4


def test_a_share_that_no_node_has_is_told_at_once(found: dict[str, Any]) -> None:
    assert "no Ray node has 2 processors for a task" in found["too_large"]
    assert "no Ray node has 1 processors and 2 GPU" in found["too_many_cards"]
