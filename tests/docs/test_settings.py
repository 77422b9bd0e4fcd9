"""Every key has a row, with the type of the code, the default of params.yaml, a unit and an effect."""

import re

import pytest

from clipforensics.sources.base import layout_module, layouts
from tests.closure import ROOT
from tests.docs.refresh import SETTINGS
from tests.docs.settings import default_in_words, keys_of_params, type_of_each_key, types_of

TEXT = SETTINGS.read_text(encoding="utf-8")


def rows(n_cells: int) -> list[tuple[str, ...]]:
    """Cells of all rows with so many columns."""
    lines = (re.split(r" \| ", line[2:-2]) for line in TEXT.splitlines() if line.startswith("| `"))
    return [tuple(line) for line in lines if len(line) == n_cells]


def test_every_key_of_params_has_one_row_and_no_other():
    keys = [row[0].strip("`") for row in rows(5)]
    assert sorted(keys) == sorted(keys_of_params())


def test_rows_say_what_the_code_takes_and_what_params_holds():
    types, defaults = type_of_each_key(), keys_of_params()
    for cell, kind, _, default, _ in rows(5):
        key = cell.strip("`")
        assert (kind, default) == (types[key], default_in_words(defaults[key])), key


def test_every_row_has_a_unit_and_an_effect():
    assert [row for row in rows(5) if not row[2] or not row[4]] == []


def test_every_key_that_the_code_takes_is_in_params():
    """So that the reference, which has the keys of params.yaml, has them all."""
    assert sorted(type_of_each_key()) == sorted(keys_of_params())


@pytest.mark.parametrize("layout", layouts())
def test_every_key_of_a_profile_has_a_row_with_its_type(layout):
    types = types_of(layout_module(layout).Profile, "")
    shown = {cell.strip("`"): kind for cell, of, kind, _ in rows(4) if of.strip("`") in ("every", layout)}
    told = {key: kind for key, kind in types.items() if key not in ("layout", "root", "root_env")}
    assert {"layout", "root", "root_env"} <= set(shown)
    assert {key: kind for key, kind in shown.items() if key in told} == told
    assert set(shown) == set(types)


def test_profiles_hold_only_keys_that_are_explained():
    known = {row[0].strip("`") for row in rows(4)}
    for profile in (ROOT / "conf/data").glob("*.yaml"):
        keys = re.findall(r"^(\w+):", profile.read_text(encoding="utf-8"), re.M)
        assert set(keys) <= known | {"clip"}, profile.name
