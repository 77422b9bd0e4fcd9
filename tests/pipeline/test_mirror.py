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
    "pipeline.py": "tests/spread/test_command.py: asked of real dvc processes",
    "publishing/code.py": "tests/publishing/test_card.py: it runs in the cards of trained detectors",
    "publishing/tables.py": "tests/publishing/test_card.py: in the same cards, dear to make",
    "training/task.py": "nowhere: records of fields, without a line that computes",
}
"""Modules whose tests lie elsewhere: where, and why."""

CHECKS = ("command", "everything", "forecast", "problems", "speed", "tower", "upcoming")
NOT_YET = [*(f"check/{name}.py" for name in CHECKS), "encoder/hub.py"]
"""Modules that are owed tests of their own; nothing new may stand here."""

HARDLY_ANY = 6


def mirror(module: str) -> str:
    """`metrics/points.py` is tested in `metrics/test_points.py`."""
    room, _, name = module.rpartition("/")
    return f"{room}/test_{name}".lstrip("/")


@pytest.mark.parametrize("module", [module for module in MODULES if module not in {*ELSEWHERE, *NOT_YET}])
def test_a_module_has_its_tests_where_its_name_leads(module):
    assert (TESTS / mirror(module)).is_file()


@pytest.mark.parametrize("module", [*ELSEWHERE, *NOT_YET])
def test_an_exception_is_one(module):
    assert module in MODULES, "it is gone: strike it off the list"
    assert not (TESTS / mirror(module)).exists(), "it has tests of its own: strike it off the list"


def test_there_are_hardly_any_exceptions():
    assert len(ELSEWHERE) <= HARDLY_ANY
