"""CONTRIBUTING.md against the code: every room stands in it, and every file that it names exists."""

import re

import pytest

from tests.support.imports import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
LIBRARY = ROOT / "clipforensics"
ROOMS = sorted(path.parent.name for path in LIBRARY.glob("*/__init__.py"))
NAMED = sorted(set(re.findall(r"`([a-z_]+(?:/[a-z_<>]+)*(?:/|\.py|\.jinja|\.yaml))`", TEXT)))


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_place_in_the_table(room):
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    assert [row for row in rows if f"`{room}`" in row.split("|")[1]]


@pytest.mark.parametrize("name", NAMED)
def test_every_file_it_names_exists(name):
    if name == "utils.py":
        assert not list(ROOT.rglob("clipforensics/**/utils.py"))
    else:
        assert any((folder / name).exists() for folder in (ROOT, LIBRARY, ROOT / "tests")), name


def test_what_it_names_is_found_by_this_test():
    assert {"metrics/points.py", "sources/ffpp_tree.py", "params.yaml", "clipforensics/sources/"} <= set(
        NAMED
    )
