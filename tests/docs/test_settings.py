"""Every key has a row, with the type of the code, the default of params.yaml, a unit and an effect."""

import re

import pytest

from clipforensics.sources.base import layout_module, layouts
from tests.support.imports import ROOT
from tests.support.refresh_docs import SETTINGS, heading_of
from tests.support.settings_in_words import default_in_words, keys_of_params, type_of_each_key, types_of

TEXT = SETTINGS.read_text(encoding="utf-8")


def rows(n_cells: int) -> list[tuple[str, ...]]:
    """Cells of all rows with so many columns; the first is the key with its section's name before it."""
    found, section = [], ""
    for line in TEXT.splitlines():
        section = heading_of(line, section)
        cells = line[2:-2].split(" | ")
        if line.startswith("| `") and len(cells) == n_cells:
            found.append((section + cells[0].strip("`"), *cells[1:]))
    return found


def test_every_key_of_params_has_one_row_and_no_other():
    keys = [row[0] for row in rows(5)]
    assert sorted(keys) == sorted(keys_of_params())


def test_rows_say_what_the_code_takes_and_what_params_holds():
    types, defaults = type_of_each_key(), keys_of_params()
    for key, kind, _, default, _ in rows(5):
        assert (kind, default) == (types[key], default_in_words(defaults[key])), key


def test_every_row_has_a_unit_and_an_effect():
    assert [row for row in rows(5) if not row[2] or not row[4]] == []


def test_every_key_that_the_code_takes_is_in_params():
    """So that the reference, which has the keys of params.yaml, has them all."""
    assert sorted(type_of_each_key()) == sorted(keys_of_params())


@pytest.mark.parametrize("layout", layouts())
def test_every_key_of_a_profile_has_a_row_with_its_type(layout):
    types = types_of(layout_module(layout).Profile, "")
    shown = {key: kind for key, of, kind, _ in rows(4) if of.strip("`") in ("every", layout)}
    told = {key: kind for key, kind in types.items() if key not in ("layout", "root", "root_env")}
    assert {"layout", "root", "root_env"} <= set(shown)
    assert {key: kind for key, kind in shown.items() if key in told} == told
    assert set(shown) == set(types)


def test_profiles_hold_only_keys_that_are_explained():
    known = {row[0] for row in rows(4)}
    for profile in (ROOT / "conf/data").glob("*.yaml"):
        keys = re.findall(r"^(\w+):", profile.read_text(encoding="utf-8"), re.M)
        assert set(keys) <= known | {"clip"}, profile.name
