"""`dvc exp run -S` rewrites params.yaml; what is written there for people must come through.

DVC writes every list anew, whichever key was set, and loses what stands after its last item: a comment, an
empty line. So a list is followed by a key. All settings go through the function that `-S` calls.
"""

import json
import re
import shutil
from collections.abc import Iterator

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from tests.support.imports import ROOT

FILES = ["params.yaml", *(p.relative_to(ROOT).as_posix() for p in sorted(ROOT.glob("conf/data/*.yaml")))]


def leaves(value: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted name and value of every key that holds no section."""
    for key, one in value.items():
        if isinstance(one, dict):
            yield from leaves(one, f"{prefix}{key}.")
        else:
            yield prefix + key, one


def other(value: object) -> object:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return [*value, *value]
    return f"{value}x" if isinstance(value, str) else value + 1


def skeleton(text: str) -> list[str]:
    """Comments, empty lines and keys: all but values and the items of lists."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("- "))
    return [re.sub(r"^( *\w+:) [^#]*?(#.*)?$", r"\1 \2", line) for line in lines]


def after(path, settings: dict[str, object]) -> str:
    """The file once DVC has set these."""
    apply_overrides(path, [f"{name}={json.dumps(value)}" for name, value in settings.items()])
    return path.read_text(encoding="utf-8")


@pytest.fixture
def copy(request, tmp_path):
    return shutil.copy(ROOT / request.param, tmp_path / "settings.yaml")


CELLS = [
    pytest.param(name, key, id=f"{name}:{key}")
    for name in FILES
    for key, _ in leaves(yaml.safe_load((ROOT / name).read_text()))
]


@pytest.mark.parametrize(("copy", "key"), CELLS, indirect=["copy"])
def test_comments_and_order_survive_whatever_is_set(copy, key):
    text = copy.read_text(encoding="utf-8")
    value = other(dict(leaves(yaml.safe_load(text)))[key])
    written = after(copy, {key: value})
    assert skeleton(written) == skeleton(text)
    assert dict(leaves(yaml.safe_load(written)))[key] == value


@pytest.mark.parametrize("copy", FILES, indirect=True)
def test_setting_everything_to_what_it_is_changes_no_byte(copy):
    before = copy.read_text(encoding="utf-8")
    assert after(copy, dict(leaves(yaml.safe_load(before)))) == before


def test_a_comment_behind_a_list_would_be_seen_to_vanish(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("one: 1\nmany:\n- a\n\n# lost\ntwo: 2\n")
    assert "# lost" not in after(path, {"one": 2})
