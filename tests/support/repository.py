"""A real copy of the project in a temporary git repository, with a sample small enough for tests."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
COPIED = (
    "clipforensics",
    "stages",
    "conf",
    "dvc.yaml",
    "params.yaml",
    ".dvcignore",
    ".gitignore",
    ".dvc/config",
    ".dvc/plots",
)

SMALL_SAMPLE = {
    "n_identities": 20,
    "n_frames": 5,
    "clip": {"n_pictures": 64, "steps": 3, "batch_size": 16},
}
SMALL_PARAMS = {
    "protocol": {"splits": ["per_class"]},
    "extract_frames": {"n_frames": 3},
    "train": {
        "pixels": {
            "epochs": 3,
            "patience": 3,
            "batch_size": 16,
            "micro_batch_size": 16,
            "frames_per_video": 2,
        }
    },
    "compare": {"n_replicates": 200},
    "robustness": {"degradations": ["jpeg", "h264"], "strengths": [1, 5]},
    "explain": {"videos_per_list": 2, "sanity_draws": 1},
}


def merge(old: dict, new: dict) -> dict:
    """`old` with the values of `new`, section by section."""
    return {**old, **{k: merge(old.get(k, {}), v) if isinstance(v, dict) else v for k, v in new.items()}}


def edit_yaml(path: Path, changes: dict) -> None:
    path.write_text(yaml.safe_dump(merge(yaml.safe_load(path.read_text()), changes), sort_keys=False))


class Repository:
    """The project at `path`; commands run there with this interpreter's environment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        keep = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("DVC_", "GIT_", "PYTEST_", "CLIPFORENSICS_"))
        }
        bin_folder = str(Path(sys.executable).parent)
        self.env = {**keep, "PATH": f"{bin_folder}{os.pathsep}{keep['PATH']}", "PYTHONWARNINGS": "default"}

    @classmethod
    def make(cls, path: Path, *, sample: dict = SMALL_SAMPLE, params: dict = SMALL_PARAMS) -> "Repository":
        for name in COPIED:
            source, target = ROOT / name, path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        (path / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
        edit_yaml(path / "conf" / "data" / "sample.yaml", sample)
        edit_yaml(path / "params.yaml", params)
        repo = cls(path)
        repo.run("git", "init", "-q", "-b", "main")
        repo.run("git", "config", "user.name", "test")
        repo.run("git", "config", "user.email", "test@example.org")
        repo.commit("begin")
        return repo

    def clone(self, path: Path) -> "Repository":
        """What a stranger gets: what git has, and no cache."""
        self.run("git", "clone", "-q", str(self.path), str(path))
        other = Repository(path)
        other.run("git", "config", "user.name", "test")
        other.run("git", "config", "user.email", "test@example.org")
        return other

    def run(self, *command: str, check: bool = True, env: dict[str, str] | None = None) -> str:
        """Run a command; its output and errors together."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env={**self.env, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{command} failed with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def run_json(self, *command: str) -> dict:
        """What a command prints on standard output, as JSON; its warnings go elsewhere."""
        done = subprocess.run(
            command, cwd=self.path, env=self.env, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)

    @property
    def lock(self) -> str:
        return (self.path / "dvc.lock").read_text()


def stages_run(output: str) -> set[str]:
    """Names of the stages that a `dvc repro` or `dvc exp run` really ran."""
    return set(re.findall(r"Running stage '([^']+)'", output))
