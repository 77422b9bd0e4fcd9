"""Notebooks run from top to bottom, as a reader runs them, and hold no output that could grow old."""

import ast
import json
import os
import subprocess
import sys

import pytest

from tests.support.clips import make_clip
from tests.support.imports import ROOT
from tests.support.scoring_packages import write_scoring_package

NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))


def code_of(path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path, tmp_path):
    """Cell after cell in one process; a value that a cell ends with is printed."""
    model = write_scoring_package(tmp_path / "package")
    clip = make_clip(tmp_path / "clips/clip.mp4")
    make_clip(tmp_path / "clips/other.mp4", seed=1)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(map(shown, code_of(path)))],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MODEL": str(model), "CLIP": str(clip)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "not scored" in done.stdout
    assert "usable: True" in done.stdout


def shown(code: str) -> str:
    """The cell, with its last expression printed as a notebook shows it."""
    tree = ast.parse(code)
    last = tree.body[-1]
    if isinstance(last, ast.Expr) and not (isinstance(last.value, ast.Call) and _is_print(last.value)):
        tree.body[-1] = ast.parse(f"print({ast.unparse(last.value)})").body[0]
    return ast.unparse(tree)


def _is_print(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "print"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_holds_no_output(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


def test_there_is_one():
    assert NOTEBOOKS
