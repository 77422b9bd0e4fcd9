"""Pipes, devices, folders and files that are too large are refused at once, wherever a user names a file."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clipforensics.audit import blocks
from clipforensics.audit.blocks import lines_of
from clipforensics.audit.inputs import file_entry
from clipforensics.audit.lists import read_list
from clipforensics.audit.reading import read_scores
from clipforensics.casework.verifying import read_case
from clipforensics.check.problems import Problems
from clipforensics.check.settings import read_params
from clipforensics.core import files, params
from clipforensics.core.faults import InputError
from clipforensics.core.params import read_yaml
from clipforensics.footage.digests import read_digests
from clipforensics.naming.choosing import choose
from clipforensics.naming.dfdc import read_metadata
from clipforensics.naming.identity_table import read_rows
from clipforensics.sources import base, manifest
from clipforensics.splits.by_name import _read_list

SECONDS = 5


def _manifest(path: Path) -> object:
    return manifest.find_videos(
        manifest.Profile(layout="manifest", manifest=path.name), path.parent, dataset="set"
    )


def _params(path: Path) -> object:
    problems = Problems()
    read_params(path, problems)
    if problems.lines:
        raise InputError(problems.lines[0])
    return None


def _audited(path: Path) -> object:
    return read_list([path], choose("ffpp", metadata=None, identities=None))


READERS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "manifest": (_manifest, (".csv",)),
    "identities": (read_rows, (".csv",)),
    "JSON of a data set": (lambda path: base.read_json(path, "a list"), (".json",)),
    "youtube_ids": (base.read_youtube_ids, (".json",)),
    "digests": (lambda path: read_digests(path, path.parent), ("",)),
    "official lists": (lambda path: _read_list("split.test_list", str(path)), (".json",)),
    "SCORES": (read_scores, (".csv", ".jsonl", ".json", ".parquet")),
    "--train": (_audited, (".csv", ".txt", ".json", ".parquet")),
    "--metadata": (lambda path: read_metadata([path]), (".json",)),
    "list of an audit": (lambda path: list(lines_of(path)), (".txt",)),
    "profile": (read_yaml, (".yaml",)),
    "params.yaml": (_params, (".yaml",)),
    "--verify": (read_case, (".json",)),
}
"""What a user names: what reads it, and the endings by which it is told what it is."""

CASES = [(name, ending) for name, (_, endings) in READERS.items() for ending in endings]


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """A pipe that is opened would be waited for until somebody writes."""

    def give_up(*_: object) -> None:
        pytest.fail("it is waited for")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "too large"])
@pytest.mark.parametrize(("name", "ending"), CASES)
def test_what_is_no_file_that_can_be_read_is_one_line(
    name: str, ending: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a{ending}"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()
        os.truncate(path, 1 << 40)
    with pytest.raises(InputError) as caught:
        READERS[name][0](path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    if kind == "too large":
        assert "has 1099511627776 bytes, at most" in message


@pytest.mark.parametrize(("name", "ending"), CASES)
def test_a_file_of_zeros_of_the_largest_size_is_refused_without_being_held(
    name: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_WHOLE", 1 << 23)
    monkeypatch.setattr(params, "MAX_SETTINGS", 1 << 16)
    path = tmp_path / f"a{ending}"
    path.touch()
    largest = {"profile": 1 << 16, "params.yaml": 1 << 16, "SCORES": 1 << 32, "--train": 1 << 32}
    os.truncate(path, largest.get(name, 1 << 23) if ending != ".json" else 1 << 23)
    with pytest.raises(InputError) as caught:
        READERS[name][0](path)
    assert len(str(caught.value)) < 1000


def test_a_table_whose_line_does_not_end_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"manipulation,video,label,score\n" + b"x" * (2 * blocks.LONGEST_LINE))
    with pytest.raises(InputError, match="has a line of over 1048576 bytes; it must be a table or list"):
        read_scores(path)
    path.write_bytes(b"a\n" * blocks.LONGEST_LINE)
    assert sum(1 for _ in lines_of(path)) == blocks.LONGEST_LINE


def test_a_pipe_is_not_described(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        file_entry(tmp_path / "pipe")
