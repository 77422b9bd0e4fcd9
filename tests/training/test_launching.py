"""A tiny module that starts itself again, under real launchers, on the CPU."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from clipforensics.core.parent import LAUNCHED, STAGE
from clipforensics.training.launching import VARIABLE, is_asked_for, relaunch

ROOT = Path(__file__).parents[2]
TINY = """
import os, sys
from clipforensics.core.faults import one_line_errors
from clipforensics.training.launching import relaunch
if __name__ == "__main__":
    with one_line_errors():
        relaunch("tiny", sys.argv[1:])
    sys.stdout.write(f"by {os.environ.get('BY')} arguments {sys.argv[1:]} pid {os.getpid()}\\n")
"""
SUM = """
    import torch
    import torch.distributed as dist
    dist.init_process_group("gloo")
    ranks = torch.tensor([dist.get_rank() + 1.0])
    dist.all_reduce(ranks)
    sys.stdout.write(f"sum {ranks.item()} of {dist.get_world_size()}\\n")
    dist.destroy_process_group()
"""
PROCESSES = {
    "torchrun": "torchrun --standalone --nproc-per-node 2",
    "accelerate": "accelerate launch --multi_gpu --num_processes 2 --num_machines 1 --main_process_port 0"
    " --mixed_precision no --dynamo_backend no",
}


def run(folder: Path, launch: str, *, code: str = TINY, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "tiny.py").write_text(code)
    keep = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "tiny", "per class", "A+B"],
        cwd=folder,
        env={**keep, VARIABLE: launch, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("launch", ["", "  "])
def test_without_a_launcher_nothing_happens(tmp_path, launch):
    assert run(tmp_path, launch).stdout.startswith("by None arguments ['per class', 'A+B']")


def test_it_starts_itself_again_once_with_the_same_arguments_and_process_id(tmp_path):
    (tmp_path / "parent.py").write_text(
        "import os, sys; print('was', os.getpid(), flush=True)\n"
        "from clipforensics.training.launching import relaunch; relaunch('tiny', sys.argv[1:])"
    )
    (tmp_path / "tiny.py").write_text(TINY)
    done = subprocess.run(
        [sys.executable, "parent.py", "per class", "A+B"],
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), VARIABLE: "env BY='a launcher' python"},
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = done.stdout.splitlines()
    assert after == f"by a launcher arguments ['per class', 'A+B'] pid {before.split()[1]}"


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", LAUNCHED])
def test_it_does_not_start_a_launcher_inside_a_launcher(tmp_path, name):
    assert run(tmp_path, "env BY=launcher python", **{name: "0"}).stdout.startswith("by None")
    assert not is_asked_for({VARIABLE: "torchrun", name: "1"})


@pytest.mark.parametrize(
    ("launch", "told"),
    [
        ("torchrum --standalone", "there is no program 'torchrum' in PATH or beside "),
        ("torchrun 'open", 'is "torchrun \'open", which is no command line: No closing quotation; mend'),
    ],
)
def test_a_launcher_that_is_not_there_is_one_line(tmp_path, launch, told):
    done = run(tmp_path, launch)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"error: {VARIABLE}")
    assert told in done.stderr


def test_the_environment_may_be_another():
    relaunch("tiny", [], {})
    relaunch("tiny", [], {VARIABLE: "torchrun", "RANK": "1"})


@pytest.mark.parametrize("name", PROCESSES)
def test_two_processes_find_each_other_and_the_launcher_is_quiet(tmp_path, name):
    """PATH has no virtual environment: the launcher is found beside the interpreter."""
    done = run(tmp_path, PROCESSES[name], code=TINY + SUM)
    assert done.returncode == 0, done.stderr
    lines = sorted(done.stdout.splitlines())
    assert len([line for line in lines if line.startswith("by None arguments ['per class', 'A+B']")]) == 2
    assert lines[2:] == ["sum 3.0 of 2"] * 2
    assert done.stderr == ""


ENDLESS = """
import os, sys, time
from pathlib import Path
from clipforensics.core.parent import end_with_dvc
from clipforensics.training.launching import relaunch
if __name__ == "__main__":
    end_with_dvc()
    relaunch("endless", [])
    Path(f"{os.getpid()}.worker").touch()
    Path(f"{os.getppid()}.launcher").touch()
    time.sleep(300)
"""


def test_a_launcher_and_its_workers_end_with_dvc(tmp_path):
    (tmp_path / "endless.py").write_text(ENDLESS)
    code = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'endless'])"
    env = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), STAGE: "train@lora"}
    env |= {VARIABLE: PROCESSES["torchrun"], "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=env) as dvc:
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob("*.worker"))) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        dvc.kill()
    pids = [int(path.stem) for path in tmp_path.glob("*.[wl]*er")]
    assert len(pids) == 3, "two and their launcher"
    while any(map(psutil.pid_exists, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
