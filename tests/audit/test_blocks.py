"""Tables in three formats give the same blocks of text, or one line that says what is wrong."""

import builtins
import json

import pandas as pd
import pytest

from clipforensics.audit import blocks as module
from clipforensics.audit.blocks import blocks, lines_of
from clipforensics.core.faults import InputError

ROWS = [("real", "007", 3, 0.1 + 0.2), ("NT", "001_002", 4, 1e-320), ("NT", 'a "b", c', 5, -7.0)]
COLUMNS = ["manipulation", "video", "frame", "score"]


def as_csv(path):
    pd.DataFrame(ROWS, columns=COLUMNS).to_csv(path, index=False)


def as_json_lines(path):
    lines = [json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in ROWS]
    path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")


def as_parquet(path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = {name: list(values) for name, values in zip(COLUMNS, zip(*ROWS, strict=True), strict=True)}
    parquet.write_table(pyarrow.table(table), path)


FORMATS = {"a.csv": as_csv, "a.jsonl": as_json_lines, "a.NDJSON": as_json_lines, "a.parquet": as_parquet}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [1, 2, 10])
def test_every_format_gives_the_same_rows_exactly(tmp_path, monkeypatch, name, size):
    monkeypatch.setattr(module, "BLOCK", size)
    FORMATS[name](tmp_path / name)
    found = list(blocks(tmp_path / name))
    assert max(len(table) for table, _ in found) <= size
    rows = [row for table, _ in found for row in table[COLUMNS].to_numpy().tolist()]
    assert [(m, v, int(f), float(s)) for m, v, f, s in rows] == ROWS
    before = 0
    for table, place in found:
        assert place.row == before
        before += len(table)


def test_a_missing_value_is_empty_text(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1, "b": null}\n{"a": NaN}\n{"b": true, "c": 3}\n')
    ((table, _),) = blocks(tmp_path / "a.jsonl")
    assert table.to_dict("list") == {"a": ["1", "", ""], "b": ["", "", "True"]}


def test_the_columns_of_a_table_without_rows_are_seen_before_that_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("manipulation, video\n")
    found = blocks(tmp_path / "a.csv")
    table, _ = next(found)
    assert (list(table.columns), len(table)) == (["manipulation", "video"], 0)
    with pytest.raises(InputError, match="has no rows beneath its header"):
        next(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no rows"),
        ('{"a": 1}\n{"a": \n', r"data row 2: is not JSON"),
        ("[1]\n", r"data row 1: is no JSON object, but '\[1\]'"),
    ],
)
def test_wrong_json_lines(tmp_path, text, words):
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        list(blocks(path))


def test_parquet_without_pyarrow_says_how_to_get_it(tmp_path, monkeypatch):
    real_import = builtins.__import__

    def refuse(name, *others):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real_import(name, *others)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InputError, match=r"pip install clipforensics\[parquet\], or save it as CSV"):
        list(blocks(tmp_path / "a.parquet"))


def test_a_file_that_is_no_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is not parquet"):
        list(blocks(tmp_path / "a.parquet"))


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl"])
def test_a_file_that_is_not_there(tmp_path, name):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        list(blocks(tmp_path / name))


def test_lines_without_ends_blanks_and_the_mark_of_utf_8(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffa b \r\n\n  c\n".encode())
    assert list(lines_of(tmp_path / "a.txt")) == ["a b", "c"]
    (tmp_path / "b.txt").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        list(lines_of(tmp_path / "b.txt"))
