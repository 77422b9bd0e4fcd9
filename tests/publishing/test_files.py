"""Names of a package's files, each one that the card explains; and reading those that are JSON."""

import os

import pytest

from clipforensics.core.faults import InputError
from clipforensics.publishing import files
from clipforensics.publishing.card import FILES


def test_every_name_but_the_cards_own_is_explained_in_it():
    names = {value for name, value in vars(files).items() if name.isupper() and isinstance(value, str)}
    assert names - {files.CARD} <= set(FILES)


def test_a_part_is_an_object_or_is_told(tmp_path):
    (tmp_path / "good.json").write_text('{"a": 1}')
    assert files.read_part(tmp_path, "good.json") == {"a": 1}
    contents = {"cut": "{", "list": "[]", "deep": "[" * 100_000, "bytes": "\udcff", "none": None}
    for name, content in contents.items():
        if content is not None:
            (tmp_path / name).write_bytes(os.fsencode(content))
        with pytest.raises(InputError, match=f"{name} .*copy the package again"):
            files.read_part(tmp_path, name)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InputError, match="copy the package again"):
        files.read_part(tmp_path, "pipe.json")
