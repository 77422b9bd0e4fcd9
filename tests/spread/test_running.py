"""Cells side by side, with real DVC, in a repository whose stages take no time."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml
from dvc.repo import Repo

from clipforensics.pipeline import dvc_at_rest
from clipforensics.spread.cells import DVC
from tests.support.ray_cluster import needs_ray, ray_nodes
from tests.support.repository import ROOT, Repository

pytestmark = needs_ray

CELL = '''
"""`python cell.py WRITTEN READ`: copies; files beside the repository say who fails, hangs or waits."""
import os, sys, time
from pathlib import Path
from clipforensics.core.parent import end_with_dvc
end_with_dvc()
written, read = map(Path, sys.argv[1:])
orders = Path(os.environ["DVC_ROOT"] + ".orders")
order = lambda word: (orders / f"{word}-{written.name}").exists()
names = "NODE", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "DVC_STAGE"
print({name: os.environ.get(name) for name in names}, flush=True)
if order("fail"):
    sys.exit(3)
if order("hang"):
    (orders / "hanging").write_text(f"{os.getpid()} {os.getppid()} .")
    time.sleep(600)
if order("forget"):
    while "train@1" not in Path("dvc.lock").read_text():
        time.sleep(0.01)
    os.replace(orders / "dvc.lock", "dvc.lock")
if order("wait"):
    while not Path((orders / f"wait-{written.name}").read_text()).exists():
        time.sleep(0.01)
written.parent.mkdir(exist_ok=True)
written.write_text(f"{written} {read.read_text()}")
'''
STAGES = """
stages:
  prepare:
    cmd: python cell.py prepared.txt params.yaml
    params: [value]
    outs: [prepared.txt]
  train:
    matrix: {seed: "${seeds}"}
    cmd: python cell.py models/t${item.seed} prepared.txt
    deps: [prepared.txt]
    outs: ["models/t${item.seed}"]
  evaluate:
    matrix: {seed: "${seeds}"}
    cmd: python cell.py scores/e${item.seed} models/t${item.seed}
    deps: ["models/t${item.seed}"]
    metrics: ["scores/e${item.seed}": {cache: false}]
  compare:
    cmd: python cell.py all.txt scores/e1
    deps: [scores]
    outs: [all.txt]
"""
SPREAD = (sys.executable, "-m", "clipforensics", "spread")
IGNORED = "/.ray-*\n/models/\n/prepared.txt\n/all.txt\n/.scratch/\n"


class Spread(Repository):
    """A repository, and `clipforensics spread` in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.env |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
        self.env.pop("RAY_ADDRESS", None)
        self.orders = Path(f"{path}.orders")
        self.orders.mkdir(exist_ok=True)

    def copy(self, path: Path) -> "Spread":
        return Spread(Path(shutil.copytree(self.path, path)))

    def order(self, word: str, cell: str, text: str = "") -> Path:
        path = self.orders / f"{word}-{cell}"
        path.write_text(text)
        return path

    def start(self, *arguments: str, program=SPREAD, env=()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*program, *arguments],
            cwd=self.path,
            env={**self.env, **dict(env)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def spread(self, *arguments: str, status: int = 0, env=()) -> str:
        running = self.start(*arguments, env=env)
        output, _ = running.communicate(timeout=100)
        assert running.returncode == status, output
        return output

    def hanging(self) -> tuple[int, int]:
        """Process ids of the stage that hangs, and of its dvc, once it does."""
        path = self.orders / "hanging"
        wait_for(lambda: path.exists() and path.read_text().endswith("."))
        stage, dvc, _ = path.read_text().split()
        path.unlink()
        return int(stage), int(dvc)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Never run; two seeds."""
    repo = Spread(tmp_path_factory.mktemp("fresh") / "project")
    repo.path.mkdir()
    texts = {
        "cell.py": CELL,
        "dvc.yaml": STAGES,
        ".gitignore": IGNORED,
        "params.yaml": "value: 1\nseeds: [1, 2]\nportable: never\n",
    }
    for name, text in texts.items():
        (repo.path / name).write_text(text)
    repo.run("git", "init", "-q", "-b", "main")
    repo.run("git", "config", "user.name", "test")
    repo.run("git", "config", "user.email", "test@example.org")
    repo.run("dvc", "init", "-q")
    shutil.copy(ROOT / ".dvc" / "config", repo.path / ".dvc" / "config")
    repo.commit("begin")
    return repo


@pytest.fixture(scope="module")
def plain(fresh, tmp_path_factory):
    """What `dvc repro` alone makes of it."""
    repo = fresh.copy(tmp_path_factory.mktemp("plain") / "project")
    repo.run("dvc", "repro")
    return repo


@pytest.fixture
def repo(fresh, tmp_path):
    return fresh.copy(tmp_path / "project")


@pytest.fixture(scope="module")
def cluster():
    """Two nodes, each with a processor and, so it says, a GPU."""
    with ray_nodes(PYTHONPATH=str(ROOT)) as settings:
        yield settings


@pytest.mark.slow
def test_cells_on_two_nodes_give_the_lock_of_repro_alone(repo, plain, cluster):
    repo.order("wait", "t1", "scores/e2")
    output = repo.spread(env=cluster)
    assert "4 cells to run; 0 up to date; logs: .scratch/spread\n2 at a time, on the Ray cluster" in output
    cells = re.findall(r"\n\[\d/4\] (\S+) done, \d+ s", output)
    assert (cells[0], sorted(cells[1:])) == ("train@2", ["evaluate@1", "evaluate@2", "train@1"])
    logs = [(repo.path / f".scratch/spread/train@{seed}.log").read_text() for seed in (1, 2)]
    assert {word for log in logs for word in re.findall(r"'NODE': '(\d)'", log)} == {"0", "1"}
    assert all("'CUDA_VISIBLE_DEVICES': '0', 'OMP_NUM_THREADS': '1'" in log for log in logs)
    repo.run("dvc", "repro")
    assert repo.lock == plain.lock
    assert repo.run("git", "diff", "--name-only") == "", "what is staged is what is there"


@pytest.mark.slow
def test_a_cell_whose_ray_worker_is_killed_is_run_again_once_it_has_ended(repo, plain, cluster):
    hanging = repo.order("hang", "t2")
    running = repo.start(env=cluster)
    stage, dvc = repo.hanging()
    hanging.unlink()
    [worker] = [p for p in psutil.process_iter(["cmdline"]) if "ray::train@2" in (p.info["cmdline"] or [])]
    worker.kill()
    output, _ = running.communicate(timeout=100)
    assert running.returncode == 0, output
    assert not is_alive(stage)
    assert not is_alive(dvc)
    repo.run("dvc", "repro")
    assert repo.lock == plain.lock


@pytest.mark.slow
def test_what_runs_on_a_cluster_ends_with_a_signal(repo, cluster):
    ends_with(repo, signal.SIGTERM, env=cluster)


@pytest.mark.slow
def test_what_runs_on_this_machine_ends_with_ctrl_c(repo):
    ends_with(repo, signal.SIGINT)


@pytest.mark.slow
def test_it_ends_with_a_run_that_is_killed_and_goes_on_in_the_next(repo, plain):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # short, for sockets lie in it
        ends_with(repo, signal.SIGKILL, env={"TMPDIR": folder})
    output = repo.spread()
    assert "\n4 cells to run" not in output, "what was done stays done"
    repo.run("dvc", "repro")
    assert repo.lock == plain.lock


def ends_with(repo, number, env=()):
    """A run in mid-cell gets a signal: afterwards there is no process of it."""
    hanging = repo.order("hang", "t2")
    running = repo.start(env={**dict(env), "MARK": str(repo.path)})
    stage, dvc = repo.hanging()
    if number == signal.SIGINT:
        os.killpg(running.pid, number)  # as a terminal sends it
    else:
        running.send_signal(number)
    output, _ = running.communicate(timeout=100)
    assert running.returncode == (-number if number == signal.SIGKILL else 130), output
    if number != signal.SIGKILL:
        assert output.endswith("\ninterrupted\n"), "nothing of Ray's own"
        assert not is_alive(stage)
        assert not is_alive(dvc)
    wait_for(lambda: processes_of(repo) == [])
    hanging.unlink()


def processes_of(repo):
    """Those in the project's folder, or begun there with all that they began; not Ray's that only wait.

    Its agents notice the end of a Ray that was killed a minute later.
    """
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            ours = process.environ().get("MARK") == str(repo.path) or process.cwd() == str(repo.path)
            waits = process.status() == psutil.STATUS_ZOMBIE or re.match(
                r"ray::\w*(Agent|IDLE)", process.name()
            )
            if ours and not waits:
                found.append(process)
    return found


@pytest.mark.slow
def test_a_failing_cell_holds_up_only_what_reads_it_and_the_rest_is_kept(repo, plain, cluster):
    mended = repo.order("fail", "t2")
    output = repo.spread(status=1, env=cluster)
    log = ".scratch/spread/train@2.log"
    assert f"\ntrain@2 failed (dvc ended with 255), see {log}\n" in output
    assert "\nevaluate@2 not run, since it reads train@2\n" in output
    assert "/4] train@2 failed\n" in output
    assert "/4] evaluate@2 not run\n" in output
    assert "'DVC_STAGE': 'train@2'" in (repo.path / log).read_text()
    assert list(yaml.safe_load(repo.lock)["stages"]) == ["prepare", "train@1", "evaluate@1"]
    mended.unlink()
    assert "2 cells to run; 2 up to date" in repo.spread(env=cluster)
    repo.run("dvc", "repro")
    assert repo.lock == plain.lock
    (repo.path / "params.yaml").write_text("value: 1\nseeds: [1, 2, 3]\nportable: never\n")
    repo.run("git", "commit", "-qam", "with a lock")
    assert "2 cells to run; 4 up to date" in repo.spread(env=cluster)
    assert list(yaml.safe_load(repo.lock)["stages"])[-3:] == ["compare", "train@3", "evaluate@3"]


@pytest.mark.slow
def test_an_entry_that_gets_lost_is_told(repo, cluster):
    """Where a file system keeps no locks, the last writer wins: here a cell puts an older dvc.lock back."""
    repo.run("dvc", "repro", "prepare")
    shutil.copy(repo.path / "dvc.lock", repo.orders / "dvc.lock")
    repo.order("forget", "t2")
    output = repo.spread("train", status=1, env=cluster)
    assert "[2/2] train@2 done" in output
    assert "\ntrain@1 ran, but is not up to date; run again" in output


def test_upstream_that_fails_stops_it(repo):
    repo.order("fail", "prepared.txt")
    output = repo.spread(status=1)
    assert "error: `dvc repro` of prepare failed; its output stands above\n" in output
    assert not (repo.path / "models").exists()


def test_where_all_is_up_to_date_nothing_is_started(plain, tmp_path):
    repo = plain.copy(tmp_path / "project")
    assert "0 cells to run; 4 up to date" in repo.spread()
    (repo.path / "dvc.lock").write_text("")
    output = repo.spread(status=1)
    assert "`clipforensics check --mend` and run again" in output.splitlines()[-1]
    repo.run("git", "checkout", "--", "dvc.lock")
    (repo.path / ".dvc/tmp/rwlock").write_text("")
    assert repo.spread(status=1).splitlines()[-1].endswith("; run `clipforensics check --mend`")


def test_dvc_waits_for_its_lock(repo):
    """By itself it gives up after three seconds, and what the cell has made is lost."""
    repo.order("wait", "prepared.txt", "go")
    running = repo.start("prepare", program=DVC)
    wait_for(lambda: list((repo.path / ".dvc/tmp").glob("rwlock")))
    with Repo(str(repo.path)) as dvc, dvc.lock:
        (repo.path / "go").touch()
        time.sleep(5)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 0, output


def test_at_rest_no_dvc_process_can_write(plain, monkeypatch):
    monkeypatch.chdir(plain.path)
    with dvc_at_rest(), Path(".dvc/tmp/lock").open("r+") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_cells_that_there_are_not_are_one_line(plain):
    line = plain.spread("trian", status=1).splitlines()[-1]
    assert line.startswith("error: 'trian' is no matrix stage of dvc.yaml and no cell")


def wait_for(ready) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
