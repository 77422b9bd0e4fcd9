"""A run that is killed again and again, wherever it stands, ends in the dvc.lock of an undisturbed one."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from clipforensics.check.wreckage import mend_wrecks
from tests.pipeline.test_repro import finished  # noqa: F401
from tests.support.repository import Repository, stages_run

KINDS = ("stage", "group", "stage", "dvc")
"""Whom SIGKILL takes: the stage; dvc and all that it started; dvc alone."""

LONGEST = 6.0
"""A kill comes within so many seconds: of a small run several stages take no longer."""

PATIENCE = 60.0


@dataclass
class Run:
    """A run from scratch, and who was killed in it."""

    repo: Repository
    killed: Counter[str] = field(default_factory=Counter)
    mended: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, like: Repository, path: Path) -> "Run":
        """What git has of a finished run, but for its dvc.lock; no cache."""
        repo = like.clone(path)
        repo.run("git", "rm", "-q", "dvc.lock")
        repo.run("git", "commit", "-q", "-m", "nothing has run")
        return cls(repo)

    def go_on(self, kind: str, is_due: Callable[[], bool]) -> bool:
        """Start `dvc repro` and kill when it is due; False: it had ended before, and all is done."""
        self.mended += mend_wrecks(self.repo.path)
        out = self.repo.path.parent / "out"
        with out.open("w") as file:
            dvc = subprocess.Popen(
                ["dvc", "repro"],
                cwd=self.repo.path,
                env=self.repo.env,
                start_new_session=True,
                stdout=file,
                stderr=file,
            )
        killed = kill_one(dvc, kind, is_due)
        status = dvc.wait()
        assert killed or status == 0, out.read_text()
        self.killed[kind] += killed
        wait_until_alone(self.repo.path)
        return killed


def after(seconds: float) -> Callable[[], bool]:
    due = time.monotonic() + seconds
    return lambda: time.monotonic() >= due


def kill_one(dvc: subprocess.Popen[bytes], kind: str, is_due: Callable[[], bool]) -> bool:
    """When it is due (of a stage: as soon as there is one then), unless dvc has ended by itself."""
    while dvc.poll() is None:
        if is_due():
            if kind == "group":
                os.killpg(dvc.pid, signal.SIGKILL)
                return True
            if kind == "dvc":
                dvc.kill()
                return True
            for stage in stages_of(dvc.pid):
                try:
                    stage.kill()
                except psutil.NoSuchProcess:
                    continue
                return True
        time.sleep(0.005)
    return False


def stages_of(pid: int) -> Iterator[psutil.Process]:
    """Below dvc, or below a shell of its that does not replace itself."""
    try:
        for process in psutil.Process(pid).children(recursive=True):
            if any(word.startswith("stages.") for word in process.cmdline()):
                yield process
    except psutil.NoSuchProcess:
        return


def wait_until_alone(folder: Path) -> None:
    """Until no process works in the folder: whoever outlives dvc would write into the next run."""
    deadline = time.monotonic() + PATIENCE
    while left := list(processes_in(folder)):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def processes_in(folder: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                yield process
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue


def check_undisturbed(run: Run, like: Repository) -> None:
    """Lock and results are those of the undisturbed run, nothing unfinished stays, and nothing is to run."""
    assert run.repo.lock == like.lock
    assert run.repo.run("git", "diff", "--stat", "HEAD", "--", "metrics", "plots") == ""
    assert [path.name for path in (run.repo.path / ".scratch").iterdir()] == ["kept"]
    assert "to run: nothing" in run.repo.run("clipforensics", "check", "--mend")
    assert stages_run(run.repo.run("dvc", "repro")) == set()


def kill_often(like: Repository, folder: Path, n_kills: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Kill at random moments, in as many runs from scratch as that takes; whom it took, what was mended."""
    draw, killed, mended = random.Random(seed), Counter(), []
    for number in range(n_kills):  # a run each at the most
        run = Run.begin(like, folder / str(number) / "project")
        while killed.total() + run.killed.total() < n_kills:
            kind = KINDS[(killed.total() + run.killed.total()) % len(KINDS)]
            if not run.go_on(kind, after(draw.uniform(0, LONGEST))):
                break
        run.mended += mend_wrecks(run.repo.path)
        run.repo.run("dvc", "repro")
        check_undisturbed(run, like)
        killed, mended = killed + run.killed, mended + run.mended
        if killed.total() == n_kills:
            break
    return killed, mended


@pytest.mark.slow
def test_a_run_that_is_killed_at_work_and_wherever_it_stands(finished, tmp_path):  # noqa: F811
    run, draw = Run.begin(finished, tmp_path / "project"), random.Random(0)
    scratch = run.repo.path / ".scratch"
    for kind, unfinished in (("group", "extract_frames/*/store/shard-00003.npy"), ("dvc", "train/*/state")):
        assert run.go_on(kind, lambda pattern=unfinished: any(scratch.glob(pattern)))
        assert list(scratch.glob(unfinished)), "killed too late to show anything"
    for kind in KINDS:
        assert run.go_on(kind, after(draw.uniform(0, LONGEST / 2)))
    run.mended += mend_wrecks(run.repo.path)
    assert "report" in stages_run(run.repo.run("dvc", "repro"))
    check_undisturbed(run, finished)


N_KILLS = int(os.environ.get("KILLS", "50"))
"""Of the long run: `pytest -m slow_kills -s tests/pipeline/test_kills.py`, some ten minutes on two cores."""


@pytest.mark.slow_kills
def test_runs_that_are_killed_fifty_times(finished, tmp_path):  # noqa: F811
    seed = int(os.environ.get("KILL_SEED", "1"))
    killed, mended = kill_often(finished, tmp_path, N_KILLS, seed)
    print(f"\nseed {seed}, killed: {dict(killed)}, mended: {mended}")
    assert killed.total() == N_KILLS
