"""dvc.lock against what is committed: code, settings, metrics."""

import hashlib
import json
from pathlib import Path

import yaml

from clipforensics.core.params import read_yaml
from tests.support.imports import ROOT

STAGES = read_yaml(ROOT / "dvc.lock")["stages"]


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def digest(path: Path) -> str:
    """What DVC writes for a file, or for a folder of code: the hash of its list of files.

    .dvcignore leaves out caches, and in the library `__init__.py`.
    """
    if path.is_file():
        return md5(path)
    files = [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    in_library = path.relative_to(ROOT).parts[0] == "clipforensics"
    files = [file for file in files if not (in_library and file.name == "__init__.py")]
    rows = sorted(({"md5": md5(f), "relpath": f.relative_to(path).as_posix()} for f in files), key=relpath)
    return hashlib.md5(json.dumps(rows, sort_keys=True).encode()).hexdigest() + ".dir"


def relpath(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row["relpath"].split("/"))


def test_the_committed_metrics_are_those_of_the_lock():
    """Metrics lie in git, not in DVC's cache: each must be the file that dvc.lock describes."""
    outs = [out for stage in STAGES.values() for out in stage.get("outs", [])]
    committed = [
        out for out in outs if out["path"].startswith(("metrics/", "plots/")) and "nfiles" not in out
    ]
    assert len(committed) >= 5
    for out in committed:
        assert md5(ROOT / out["path"]) == out["md5"], out["path"]


def test_the_lock_is_that_of_the_committed_code():
    deps = [dep for stage in STAGES.values() for dep in stage["deps"]]
    code = {dep["path"]: dep["md5"] for dep in deps if dep["path"].startswith(("clipforensics", "stages"))}
    assert sum(Path(path).suffix == "" for path in code) > 10, "folders"
    stale = {path for path, written in code.items() if digest(ROOT / path) != written}
    assert stale == set(), "run `dvc repro` and commit dvc.lock and metrics"


def test_the_lock_is_that_of_the_committed_settings():
    whole = STAGES["report"]["params"]["params.yaml"]
    assert whole == read_yaml(ROOT / "params.yaml")
    assert set(STAGES) == set(named_by_dvc_yaml())


def named_by_dvc_yaml() -> list[str]:
    """Stages with their matrix cells, as params.yaml spans it."""
    params = read_yaml(ROOT / "params.yaml")
    names = []
    for stage, entry in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items():
        cells = [""]
        for axis in (entry.get("matrix") or {}).values():
            values = params
            for part in axis.strip("${}").split("."):
                values = values[part]
            cells = [f"{cell}-{value}" if cell else str(value) for cell in cells for value in values]
        names += [f"{stage}@{cell}" if cell else stage for cell in cells]
    return names
