"""Two at once: the second is told in a line; a run whose params.yaml it rewrote records no mix."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pipeline.test_repro import finished, repo  # noqa: F401
from tests.support.repository import Repository

pytestmark = pytest.mark.slow

FIRST = ("methods.lora.learning_rate=0.01", "train.pixels.epochs=20", "train.pixels.patience=20")
TRAIN = "Running stage 'train@lora-"
PATIENCE = 240


@contextmanager
def training(repo: Repository, out: Path) -> Iterator[None]:  # noqa: F811
    """While `dvc exp run` trains LoRA; leaving waits for its end, which is a failure."""
    flags = [flag for setting in FIRST for flag in ("-S", setting)]
    command = ["dvc", "exp", "run", *flags, "compare"]
    with out.open("w") as file:
        first = subprocess.Popen(command, cwd=repo.path, env=repo.env, stdout=file, stderr=file)
    deadline = time.monotonic() + PATIENCE
    try:
        while TRAIN not in out.read_text():
            assert first.poll() is None, out.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield
        assert first.wait(PATIENCE) != 0, out.read_text()
    finally:
        first.kill()
        first.wait()


def errors_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("error: ")]


def test_a_second_exp_run_stops_the_first_before_it_records_a_mix(repo, tmp_path):  # noqa: F811
    lock = repo.lock
    with training(repo, tmp_path / "out"):
        second = repo.run("dvc", "exp", "run", "-S", "methods.lora.learning_rate=0.02", check=False)
        (said,) = errors_in(second)
        assert said.startswith("error: another dvc is at work here (process ")
        assert "learning_rate: 0.02" in (repo.path / "params.yaml").read_text(), "DVC rewrote it before"
    (said,) = errors_in((tmp_path / "out").read_text())
    assert "`methods.lora.learning_rate` went from 0.01 to 0.02 while this stage worked" in said
    entries = ("  train@lora", "  evaluate@lora", "  compare")
    assert all(section(repo.lock, name) == section(lock, name) for name in entries), "nothing is recorded"
    assert list((repo.path / ".scratch/train").glob("*/*")), "put back, it goes on where it stopped"


def test_a_run_is_told_before_it_begins_and_notices_an_edit_before_the_stage_that_it_is_for(
    repo,  # noqa: F811
    tmp_path,
):
    with training(repo, tmp_path / "out"):
        (said,) = errors_in(repo.run("clipforensics", "check", "--mend", check=False))
        assert said.startswith("error: another dvc is at work here (process ")
        assert said.endswith("); wait until it has ended, or end it")
        params = repo.path / "params.yaml"
        params.write_text(params.read_text().replace("n_replicates: 200", "n_replicates: 300"))
    (said,) = errors_in((tmp_path / "out").read_text())
    assert "`compare.n_replicates` went from 200 to 300 since the stage `check` ran" in said
    assert "Running stage 'compare'" in (tmp_path / "out").read_text(), "what does not use it has run"


def section(lock: str, name: str) -> str:
    """The entries whose name begins so."""
    every = lock.split("\n  ")
    return "".join(text for text in every if text.startswith(name.strip()))
