"""Every module of the library has its tests where its own name leads, or a reason why not."""

import pytest

from tests.support.imports import ROOT

LIBRARY, TESTS = ROOT / "clipforensics", ROOT / "tests"
COMMANDS = {"__init__.py", "__main__.py"}
"""A docstring, and what starts a room's command: no code of their own."""

MODULES = sorted(
    path.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("*.py") if path.name not in COMMANDS
)

ELSEWHERE = {
    "adaptation/pixel_method.py": "tests/detectors: the base of every method on pixels, tried by each",
    "check/command.py": "tests/test_command_line.py: as it is typed; what it says: check/test_telling.py",
    "check/everything.py": "tests/check: every check goes through it",
    "encoder/hub.py": "tests/check/test_encoder.py: an empty cache, a hub out of reach",
    "pipeline.py": "tests/spread/test_running.py: asked of real dvc processes",
    "publishing/code.py": "tests/publishing/test_card.py: it runs in the cards of trained detectors",
    "publishing/tables.py": "tests/publishing/test_card.py: in the same cards, dear to make",
    "training/task.py": "nowhere: records of fields, without a line that computes",
}
"""Modules whose tests lie elsewhere: where, and why."""

HARDLY_ANY = 8


def mirror(module: str) -> str:
    """`metrics/points.py` is tested in `metrics/test_points.py`."""
    room, _, name = module.rpartition("/")
    return f"{room}/test_{name}".lstrip("/")


@pytest.mark.parametrize("module", [module for module in MODULES if module not in ELSEWHERE])
def test_a_module_has_its_tests_where_its_name_leads(module):
    assert (TESTS / mirror(module)).is_file()


@pytest.mark.parametrize("module", ELSEWHERE)
def test_an_exception_is_one(module):
    assert module in MODULES, "it is gone: strike it off the list"
    assert not (TESTS / mirror(module)).exists(), "it has tests of its own: strike it off the list"


def test_there_are_hardly_any_exceptions():
    assert len(ELSEWHERE) <= HARDLY_ANY
