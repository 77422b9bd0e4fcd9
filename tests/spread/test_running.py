"""Cells side by side, with real DVC, in a repository whose stages take no time."""

import fcntl
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from dvc.repo import Repo

from clipforensics.core.faults import one_line_errors
from clipforensics.pipeline import dvc_at_rest
from clipforensics.spread.command import main
from tests.support.repository import ROOT, Repository

CELL = '''
"""`python cell.py WRITTEN READ`: copies; files beside the repository say who fails, hangs or waits."""
import os, subprocess, sys, time
from pathlib import Path
written, read = map(Path, sys.argv[1:])
orders = Path(os.environ["DVC_ROOT"] + ".orders")
order = lambda word: (orders / f"{word}-{written.name}").exists()
print("gpu", os.environ.get("CUDA_VISIBLE_DEVICES"), "stage", os.environ["DVC_STAGE"])
if order("fail"):
    sys.exit(3)
if order("hang"):
    apart = subprocess.Popen(["sleep", "600"], start_new_session=True)
    (orders / "hanging").write_text(f"{os.getpid()} {apart.pid}")
    time.sleep(600)
if order("forget"):
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
IGNORED = "/models/\n/prepared.txt\n/all.txt\n/.scratch/\n"


class Spread(Repository):
    """A repository, and `clipforensics spread` in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.env |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
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
        )

    def spread(self, *arguments: str, status: int = 0) -> str:
        running = self.start(*arguments)
        output, _ = running.communicate(timeout=100)
        assert running.returncode == status, output
        return output


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Never run; two seeds."""
    repo = Spread(tmp_path_factory.mktemp("fresh") / "project")
    repo.path.mkdir()
    texts = {
        "cell.py": CELL,
        "dvc.yaml": STAGES,
        ".gitignore": IGNORED,
        "params.yaml": "value: 1\nseeds: [1, 2]\n",
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


def test_side_by_side_and_then_repro_gives_the_lock_of_repro_alone(repo, plain):
    repo.order("wait", "t1", "scores/e2")
    output = repo.spread("--gpus", "5,6+MIG-x")
    assert "gpu 5 stage prepare" in output
    assert "4 cells to run, in 2 chains; 0 up to date" in output
    assert output.index("train@2 done") < output.index("train@1 done"), "they end in another order"
    logs = [(repo.path / f".scratch/spread/train@{seed}.log").read_text() for seed in (1, 2)]
    assert "gpu 5 " in logs[0]
    assert "gpu 6,MIG-x " in logs[1]
    repo.run("dvc", "repro")
    assert repo.lock == plain.lock
    assert repo.run("git", "diff", "--name-only") == "", "what is staged is what is there"


def test_cells_of_several_goes_stand_in_the_lock_as_those_of_one(repo, plain):
    repo.spread("train@2", "evaluate@2")
    repo.spread()
    repo.run("dvc", "repro")
    assert repo.lock == plain.lock


def test_what_is_up_to_date_is_left_alone(plain, tmp_path):
    repo = plain.copy(tmp_path / "project")
    assert "0 cells to run, in 0 chains; 4 up to date" in repo.spread("--jobs", "2")
    (repo.path / "params.yaml").write_text("value: 1\nseeds: [1, 2, 3]\n")
    repo.run("git", "commit", "-qam", "with a lock")
    assert "2 cells to run, in 1 chains; 4 up to date" in repo.spread()
    assert list(yaml.safe_load(repo.lock)["stages"])[-3:] == ["compare", "train@3", "evaluate@3"]


def test_a_failing_cell_holds_up_only_its_own_chain(repo):
    mended = repo.order("fail", "t2")
    output = repo.spread("--jobs", "2", status=1)
    assert "\ntrain@2 failed, see .scratch/spread/train@2.log\n" in output
    assert "\nevaluate@2 not run, since it reads train@2\n" in output
    assert "stage train@2" in (repo.path / ".scratch/spread/train@2.log").read_text()
    assert list(yaml.safe_load(repo.lock)["stages"]) == ["prepare", "train@1", "evaluate@1"]
    mended.unlink()
    assert "2 cells to run, in 1 chains; 2 up to date" in repo.spread()


def test_upstream_that_fails_stops_it(repo):
    repo.order("fail", "prepared.txt")
    output = repo.spread(status=1)
    assert "error: `dvc repro` of prepare failed; its output stands above\n" in output
    assert not (repo.path / "models").exists()


def test_killed_with_all_that_it_started_and_run_again(repo, plain):
    hanging = repo.order("hang", "t2")
    running = repo.start("--jobs", "2")
    pids = repo.orders / "hanging"
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 128 + signal.SIGTERM
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())
    hanging.unlink()
    repo.spread("--jobs", "2")
    repo.run("dvc", "repro")
    assert repo.lock == plain.lock


def test_tasks_of_the_slurm_script_at_once(repo, plain):
    script = str(ROOT / "conf" / "slurm" / "train.sbatch")
    output = repo.spread("--task", "0", "--tasks", "2", status=1)
    assert "error: prepare must be up to date before an array job starts" in output
    repo.spread("--prepare")
    slurm = [{"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": "2"} for task in (0, 1)]
    tasks = [repo.start(program=("bash", script), env=each) for each in slurm]
    outputs = [task.communicate(timeout=100)[0] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], outputs
    for output in outputs:
        assert "2 cells to run, in 1 chains; 0 up to date" in output
    repo.run("dvc", "repro")
    assert repo.lock == plain.lock


def test_it_waits_for_the_lock_of_dvc(repo):
    """DVC by itself gives up after three seconds, and what the cell has made is lost."""
    repo.order("wait", "t1", "go")
    running = repo.start("train")
    wait_for(lambda: "stage train@1" in read(repo.path / ".scratch/spread/train@1.log"))
    with Repo(str(repo.path)) as dvc, dvc.lock:
        (repo.path / "go").touch()
        time.sleep(5)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 0, output


def test_at_rest_no_dvc_process_can_write(plain, monkeypatch):
    monkeypatch.chdir(plain.path)
    asked = []
    with dvc_at_rest(lambda: False), Path(".dvc/tmp/lock").open("r+") as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with dvc_at_rest(lambda: bool(asked.append("give up?") or asked)):
            assert asked, "it waits, and asks whether it shall give up"


def test_an_entry_that_gets_lost_is_told(repo):
    """Where a file system keeps no locks, the last writer wins: here a cell puts an older dvc.lock back."""
    repo.spread("--prepare")
    shutil.copy(repo.path / "dvc.lock", repo.orders / "dvc.lock")
    repo.order("forget", "t2")
    output = repo.spread("train", status=1)
    assert "[2/2] train@2 done" in output
    lost = [line.split()[0] for line in output.splitlines() if "ran, but is not" in line]
    assert "train@1" in lost
    repo.spread("train")
    logs = [(repo.path / f".scratch/spread/{cell}.log").read_text() for cell in lost]
    assert all("is cached - skipping run" in log for log in logs), "nothing was trained again"


def test_a_lock_file_that_was_cut_off_is_one_line(plain, tmp_path):
    repo = plain.copy(tmp_path / "project")
    (repo.path / "dvc.lock").write_text("")
    output = repo.spread(status=1)
    assert "`clipforensics check --mend` and run again" in output.splitlines()[-1]
    repo.run("git", "checkout", "--", "dvc.lock")
    (repo.path / ".dvc/tmp/rwlock").write_text("")
    assert repo.spread(status=1).splitlines()[-1].endswith("; run `clipforensics check --mend`")
    (repo.path / ".dvc/tmp/rwlock").unlink()
    assert "0 cells to run" in repo.spread()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--task", "2", "--tasks", "2"], "--array=0-1"),
        (["trian"], "error: 'trian' is no matrix stage of dvc.yaml and no cell"),
    ],
)
@pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own
def test_cells_that_there_are_not_are_one_line(plain, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(plain.path)
    with pytest.raises(SystemExit) as exit, one_line_errors():
        main(arguments)
    assert exit.value.code == 1
    assert told in capsys.readouterr().err


def wait_for(ready) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
