"""The SLURM scripts: bash reads them, and every option they pass is one that its program has."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.cli.parser import get_main_parser
from torch.distributed.run import get_args_parser

from tests.support.ray_cluster import needs_ray

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "conf" / "slurm").glob("*.sbatch"))
SRUN = """#!/usr/bin/env bash
while [[ $1 == --* ]]; do shift; done
SLURM_NODEID=0 exec "$@"
"""
STAGE = """
import os, sys
from clipforensics.training.launching import relaunch
if __name__ == "__main__":
    relaunch("tiny", sys.argv[1:])
    sys.stdout.write(f"{sys.argv[1:]} {os.environ['RANK']} of {os.environ['WORLD_SIZE']}\\n")
"""


def test_there_are_scripts():
    assert [script.name for script in SCRIPTS] == ["one_model.sbatch", "spread.sbatch"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_bash_reads_it(script):
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_ray
def test_ray_has_every_option_that_it_is_given():
    from ray.scripts.scripts import start
    from ray.scripts.symmetric_run import symmetric_run

    text = (ROOT / "conf" / "slurm" / "spread.sbatch").read_text().partition("ray symmetric-run")[2]
    options = re.findall(r" (--[a-z-]+)", text.partition(" -- ")[0])
    assert options == ["--address", "--min-nodes", "--num-cpus"]
    known = {word for command in (start, symmetric_run) for each in command.params for word in each.opts}
    assert set(options) <= known


def test_what_the_scripts_end_in():
    words = {script.name: script.read_text().strip().splitlines()[-1].split() for script in SCRIPTS}
    assert words["spread.sbatch"] == ["--", "clipforensics", "spread", '"$@"']
    given = get_main_parser().parse_args([*words["one_model.sbatch"][2:-1], "train@full-*"])
    assert (given.targets, given.glob, given.on_error) == (["train@full-*"], True, "keep-going")


def test_torchrun_has_every_option_that_it_is_given():
    text = (ROOT / "conf" / "slurm" / "one_model.sbatch").read_text()
    _, _, text = text.partition("exec torchrun")
    known = {option for action in get_args_parser()._actions for option in action.option_strings}
    options = re.findall(r"(--[a-z-]+)=", text)
    assert len(options) == 5
    assert set(options) <= known


def test_the_launcher_of_one_model_survives_its_quotes(tmp_path):
    """The script's own line, run by a stage; here srun is one that runs on this node alone."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, text in {"srun": SRUN, "scontrol": "#!/bin/sh\necho localhost\n"}.items():
        (bin_folder / name).write_text(text)
        (bin_folder / name).chmod(0o755)
    (tmp_path / "tiny.py").write_text(STAGE)
    text = (ROOT / "conf" / "slurm" / "one_model.sbatch").read_text()
    line = "exec dvc repro --keep-going --glob"
    assert line in text
    (tmp_path / "script").write_text(text.replace(line, f"exec {shlex.quote(sys.executable)} -m tiny"))
    slurm = {"JOB_ID": "7", "JOB_NODELIST": "n1", "JOB_NUM_NODES": "1", "CPUS_PER_TASK": "2"}
    done = subprocess.run(
        ["bash", "script", "a b", "c"],
        cwd=tmp_path,
        env={
            "PATH": f"{bin_folder}{os.pathsep}{os.defpath}",
            "PYTHONPATH": str(ROOT),
            "PER_NODE": "2",
            **{f"SLURM_{name}": value for name, value in slurm.items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [f"['a b', 'c'] {rank} of 2" for rank in (0, 1)]
