"""Any nested mapping (a leak audit, the settings) to tables, whatever its keys are."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from clipforensics.report.wording.names import words
from clipforensics.report.wording.numbers import NONE
from clipforensics.report.wording.tables import Column, Entry, Group, Table


def flatten(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`(a.b, value)` for every leaf, in the order of the mapping; lists of plain values are leaves."""
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{name}.")
        else:
            yield name, value


def nested_tables(content: Mapping[str, Any], caption: str = "") -> list[Table]:
    """Tables that together show every leaf of the mapping.

    Plain values make one table of names and values. Neighbours with the same keys and plain
    values only make one grid, and so do the members of a neighbour that all have these keys
    too (under that neighbour's name). Anything else becomes tables of its own, captioned with
    the way to it.
    """
    plain = {key: value for key, value in content.items() if not _is_nested(value)}
    tables = [_pairs(plain, caption)] if plain else []
    inner = {str(key): _as_mapping(value) for key, value in content.items() if _is_nested(value)}
    for keys, run in groupby(inner.items(), lambda item: _common_keys(item[1])):
        members = list(run)
        if keys:
            name, value = members[0]
            if len(members) == 1 and not _is_flat(value):  # its name is the caption, not a group
                caption_of = f"{caption}: {words(name)}" if caption else words(name)
                tables.append(_grid(keys, [("", *row[1:]) for row in _rows(name, value)], caption_of))
                continue
            tables.append(
                _grid(keys, [row for name, value in members for row in _rows(name, value)], caption)
            )
            continue
        for name, value in members:
            tables += nested_tables(value, f"{caption}: {words(name)}" if caption else words(name))
    return tables


def plain_text(value: object) -> str:
    """A leaf as text: yes or no, up to four significant decimals, lists joined by commas."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(plain_text(item) for item in value) or NONE
    return str(value)


def _is_nested(value: object) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _as_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {str(i + 1): item for i, item in enumerate(value)}


def _is_flat(content: Mapping[str, Any]) -> bool:
    return bool(content) and not any(map(_is_nested, content.values()))


def _common_keys(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of a flat mapping, or those that all members of a mapping of flat mappings share; else none."""
    if _is_flat(content):
        return tuple(content)
    members = list(content.values())
    if not members or not all(isinstance(m, Mapping) and _is_flat(m) for m in members):
        return ()
    return tuple(members[0]) if all(set(m) == set(members[0]) for m in members) else ()


def _rows(name: str, content: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """`(group, name, leaves)` for the mapping itself, or for each of its members."""
    if _is_flat(content):
        return [("", words(name), content)]
    return [(words(name), words(key), value) for key, value in content.items()]


def _pairs(content: Mapping[str, Any], caption: str) -> Table:
    rows = tuple((Entry(words(key)), Entry(plain_text(value))) for key, value in content.items())
    return Table(caption, (Column("", numeric=False), Column("", numeric=False)), (Group("", rows),))


def _grid(keys: Sequence[str], rows: Sequence[tuple[str, str, Mapping[str, Any]]], caption: str) -> Table:
    """The longer of keys and rows runs down the page, which is what a phone has room for."""
    if len(keys) > len(rows):
        columns = tuple(Column(name, group) for group, name, _ in rows)
        body = tuple((Entry(words(k)), *(Entry(plain_text(row[k])) for *_, row in rows)) for k in keys)
        return Table(caption, (Column("", numeric=False), *columns), (Group("", body),))
    groups = []
    for group, run in groupby(rows, lambda row: row[0]):
        cells = tuple((Entry(name), *(Entry(plain_text(row[k])) for k in keys)) for _, name, row in run)
        groups.append(Group(group, cells))
    return Table(caption, (Column("", numeric=False), *(Column(words(k)) for k in keys)), tuple(groups))
