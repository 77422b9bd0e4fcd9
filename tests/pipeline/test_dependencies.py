"""What `pip install clipforensics` brings against what the code imports, and the lock against both."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from clipforensics.command_line import PIPELINE_EXTRA
from tests.support.imports import ROOT
from tests.support.locks import BASE, EXTRAS, installed_by, reached
from tests.support.settings import write_shipped

BEYOND = {
    "check/": "a run of the pipeline, before it starts",
    "controls/": "trained and tested by stages alone",
    "explanations/choosing.py": "errors of a whole test, which a stage groups",
    "explanations/clusters.py": "the same",
    "explanations/tracing.py": "the same, of frames that were chosen so",
    "pipeline.py": "asks DVC",
    "spread/": "starts DVC",
    "use.py": "writes params.yaml as DVC does",
}
"""What of the library may need the extra `pipeline`. All else, each new room too, does without."""

CALLED = {
    "PIL": "pillow",
    "c2pa": "c2pa-python",
    "cv2": "opencv-python-headless",
    "markdown_it": "markdown-it-py",
    "mlflow": "mlflow-skinny",
    "ruamel": "ruamel.yaml",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Module -> distribution, where the names differ."""

BROUGHT = {"onnx-ir": "onnxscript", "starlette": "fastapi"}
"""Distribution -> the one that is asked for and always installs it."""


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(one).name) for one in requirements}


def is_beyond(file: str) -> bool:
    return file.removeprefix("clipforensics/").startswith(tuple(BEYOND))


LIBRARY = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "clipforensics").rglob("*.py"))
SMALL = [file for file in LIBRARY if not is_beyond(file)]
STAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "stages").glob("*.py"))


def imports(file: str) -> Iterator[tuple[str, bool]]:
    """Every module that a file imports, and whether inside of a function; `from x import y` is x and x.y.

    What is imported for annotations alone, under `if TYPE_CHECKING:`, is left out.
    """
    every = list(ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))))
    functions = [node for node in every if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {node for function in functions for node in ast.walk(function)}
    guards = [n for n in every if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    never = {node for guard in guards for node in ast.walk(guard)}
    for node in every:
        if node in never:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from ((module, node in inside) for module in modules)


def imported(file: str) -> dict[str, bool]:
    """Distributions that a file imports -> whether inside of functions alone."""
    found: dict[str, bool] = {}
    for module, is_late in imports(file):
        name = module.partition(".")[0]
        if name not in {*sys.stdlib_module_names, "clipforensics", "stages"}:
            called = canonicalize_name(CALLED.get(name, name))
            called = BROUGHT.get(called, called)
            found[called] = found.get(called, True) and is_late
    return found


def test_the_base_is_what_all_but_the_pipeline_imports_and_no_more():
    """What an extra brings is imported where it is used, so that nothing else asks for it."""
    every = {file: imported(file) for file in SMALL}
    assert len(every) > 200
    at_once = {name for found in every.values() for name, is_late in found.items() if not is_late}
    late = {name for found in every.values() for name in found} - at_once
    optional = set().union(*(names(listed) for extra, listed in EXTRAS.items() if extra != "test"))
    assert at_once <= names(BASE)
    assert late <= names(BASE) | optional
    assert names(BASE) <= at_once | late, "is anything in it for the pipeline alone?"


@pytest.mark.parametrize(("part", "whole"), BROUGHT.items())
def test_what_is_said_to_come_along_does(part, whole):
    try:
        listed = [Requirement(line) for line in distribution(whole).requires or []]
    except PackageNotFoundError:
        pytest.skip(f"{whole} is not installed")
    assert part in {canonicalize_name(one.name) for one in listed if one.marker is None}
    assert part not in names(sum(EXTRAS.values(), BASE)), "it is asked for itself: strike it off the list"


def test_nothing_of_the_base_imports_what_is_beyond_it():
    modules = {file.removesuffix(".py").replace("/", ".") for file in LIBRARY if is_beyond(file)}
    modules |= {module.removesuffix(".__init__") for module in modules}
    for file in SMALL:
        assert modules.isdisjoint(module for module, _ in imports(file)), file


@pytest.mark.parametrize("place", BEYOND)
def test_what_is_beyond_it_is_there(place):
    assert any(file.startswith(f"clipforensics/{place}") for file in LIBRARY)


def test_the_extra_is_what_only_the_pipeline_imports():
    rest = {name for file in LIBRARY + STAGES if file not in SMALL for name in imported(file)}
    assert rest - names(BASE) == names(EXTRAS["pipeline"])
    assert {canonicalize_name(CALLED.get(name, name)) for name in PIPELINE_EXTRA} == names(EXTRAS["pipeline"])


def without_the_extra(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python where no module of the extra can be imported."""
    blocked = f"import sys\nsys.modules |= dict.fromkeys({sorted(PIPELINE_EXTRA)!r})\n"
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-W", "error", "-c", blocked + code]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_a_package_is_opened_without_the_extra(tmp_path):
    done = without_the_extra(
        "import clipforensics.publishing.opening, clipforensics.footage.video, clipforensics.faces.watching",
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", ["check", "spread", "use clip-b32"])
def test_a_command_of_the_pipeline_says_in_one_line_what_to_install(words, tmp_path):
    write_shipped(tmp_path)
    shutil.copytree(ROOT / "conf/use", tmp_path / "conf/use")
    code = f"from clipforensics.command_line import main\nmain({words.split()!r})"
    done = without_the_extra(code, tmp_path)
    assert done.returncode == 1
    told = r"error: clipforensics (\w+) needs (\w+), which is not installed; run `pip install (.*)`\n"
    name, missing, package = re.fullmatch(told, done.stderr).groups()
    assert (name, package) == (words.split()[0], "'clipforensics[pipeline]'")
    assert missing in PIPELINE_EXTRA


@pytest.mark.parametrize("name", ["verdict", "league"])
def test_other_commands_do_without_the_extra(name):
    done = without_the_extra(f"from clipforensics.command_line import main\nmain([{name!r}])", ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_base_installs_a_quarter_of_the_lock():
    assert len(reached(BASE)) < 0.3 * len(installed_by("test"))
