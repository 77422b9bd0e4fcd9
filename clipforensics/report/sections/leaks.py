"""The leak audit: who is in which part, and how many test videos share something with training."""

from collections.abc import Mapping, Sequence
from typing import Any

from clipforensics.report.wording import nested
from clipforensics.report.wording.names import CLASSES, LEAKS, PARTS, capital, protocol_in_words, words
from clipforensics.report.wording.numbers import count, known, percent
from clipforensics.report.wording.tables import EMPTY, Column, Entry, Group, Json, Table

COUNTS = ("n", "n_groups")
TEXTS = {"split", "train_set", "protocol"}
"""What the title of an audit says."""

FLAGS = {"real", "fake", "manipulations"}
SHOWN = {*TEXTS, *FLAGS, "sizes", "unknown_identity", "validation"}


def leak_tables(leakage: Mapping[str, Json]) -> list[Table]:
    """Tables for all audits: what training and validation have seen, sizes, videos of nobody known; whatever
    else an audit holds in tables of its own.

    Args:
        leakage: What the audit is of (`per_class FaceSwap`) -> metrics/leakage/<split>/<train_set>.json.
    """
    known_to_validation = {
        name: audit["validation"]
        for name, audit in leakage.items()
        if _fits("validation", audit.get("validation"))
    }
    tables = [
        _flags_table(leakage, "training"),
        _flags_table(known_to_validation, "validation"),
        _sizes_table(leakage),
        _unknown_table(leakage),
    ]
    for name, audit in leakage.items():
        rest = {k: _named(value) for k, value in audit.items() if k not in SHOWN or not _fits(k, value)}
        tables += nested.nested_tables(rest, audit_title(name)) if rest else []
    return [table for table in tables if table]


def audit_title(name: str) -> str:
    """`per_class FaceSwap` is `Per class: FaceSwap`."""
    split, _, train_set = name.partition(" ")
    return f"{capital(protocol_in_words(split))}: {train_set}" if train_set else name


def about_sizes(leakage: Mapping[str, Json], comparison: Json, partner: str | None) -> str:
    """That two protocols differ in more than leaks: how much each trains on, and the reals of its test.

    Args:
        leakage: As in `leak_tables`.
        comparison: Content of metrics/comparison.json.
        partner: The protocol that stands beside the headline's; None for the empty text.
    """
    headline = comparison["headline"]
    if partner is None:
        return ""
    said = [
        f"{protocol_in_words(name)} {sizes}"
        for name in (str(headline.get("protocol")), partner)
        if (sizes := _training(leakage, name, headline["train_set"]))
    ]
    trained = f" ({'; '.join(said)})" if len(said) == 2 else ""
    return (
        f"The two protocols also differ in how much they train on{trained} and in which real videos they"
        " test on: more than leaks lies between them."
    )


def _training(leakage: Mapping[str, Json], protocol: str, train_set: str) -> str:
    """`80 real and 90 manipulated` videos of training, as a range over the folds of a protocol."""
    found = [
        audit["sizes"]["train"]
        for name, audit in leakage.items()
        if name.partition(" ")[2] == train_set and name.partition(" ")[0].split("-")[0] == protocol
        if (audit.get("sizes") or {}).get("train")
    ]
    if not found:
        return ""
    reals = _range([sizes.get("real", 0) for sizes in found])
    fakes = _range([sum(n for kind, n in sizes.items() if kind != "real") for sizes in found])
    return f"{reals} real and {fakes} manipulated" + (" in a fold" if len(found) > 1 else "")


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def _named(value: Any) -> Any:
    """A part that no table knows, its keys in words where they have any."""
    return {LEAKS.get(k, k): _named(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def _fits(key: str, value: object) -> bool:
    """Whether the tables of all audits can show this part of one."""
    if key in TEXTS:
        return isinstance(value, str)
    if not isinstance(value, Mapping):
        return False
    if key == "validation":
        return bool(value) and set(value) <= FLAGS and all(_fits(*item) for item in value.items())
    inner = [isinstance(v, Mapping) and _flat(v) for v in value.values()]
    return all(inner) if key in ("sizes", "manipulations") else _flat(value)


def _flat(value: Json) -> bool:
    return not any(isinstance(v, Mapping | list) for v in value.values())


def _classes(audit: Json) -> dict[str, Json]:
    """Kind of test video -> its flags."""
    found = {CLASSES[k]: audit[k] for k in CLASSES if k in audit and _fits(k, audit[k])}
    several = audit.get("manipulations")
    if several is not None and _fits("manipulations", several):
        found |= several
    return found


def _flags_table(leakage: Mapping[str, Json], part: str) -> Table | None:
    """What a part, training or validation, has seen of the test videos; `LEAKS` is in words of training."""
    kinds = list(dict.fromkeys(kind for audit in leakage.values() for kind in _classes(audit)))
    groups = []
    for name, audit in leakage.items():
        classes = _classes(audit)
        keys = list(dict.fromkeys(key for flags in classes.values() for key in flags))
        order = [k for k in LEAKS if k in keys] + [k for k in keys if k not in LEAKS]
        if _is_clean(classes):
            order = [k for k in order if k in (*COUNTS, "any_seen")]
        rows = tuple(
            (
                Entry(LEAKS.get(k, words(k)).replace("training", part)),
                *(_flag_cell(classes.get(kind), k) for kind in kinds),
            )
            for k in order
        )
        if rows:
            groups.append(Group(audit_title(name), rows))
    if not groups:
        return None
    columns = (Column("test videos", numeric=False), *(Column(kind) for kind in kinds))
    return Table(f"Test videos that share something with {part}", columns, tuple(groups))


def _is_clean(classes: Mapping[str, Json]) -> bool:
    """Whether every flag is 0, so that one row says it all."""
    flags = [value for found in classes.values() for key, value in found.items() if key not in COUNTS]
    return (
        bool(flags) and all(value == 0 for value in flags) and all("any_seen" in f for f in classes.values())
    )


def _flag_cell(flags: Json | None, key: str) -> Entry:
    if not flags or key not in flags:
        return EMPTY
    value, n = known(flags[key]), known(flags.get("n"))
    share = percent(value / n) if value and n and key not in COUNTS else ""
    return Entry(nested.plain_text(flags[key]), share)


def _unknown_table(leakage: Mapping[str, Json]) -> Table | None:
    found = {
        n: u for n, a in leakage.items() if (u := a.get("unknown_identity")) and _fits("unknown_identity", u)
    }
    parts = list(dict.fromkeys(part for row in found.values() for part in row))
    rows = tuple(
        (Entry(audit_title(name)), *(Entry(nested.plain_text(row.get(part, 0))) for part in parts))
        for name, row in found.items()
    )
    columns = (Column("", numeric=False), *(Column(PARTS.get(part, words(part))) for part in parts))
    return (
        Table("Videos of which it is not known who is in them", columns, (Group("", rows),)) if rows else None
    )


def _sizes_table(leakage: Mapping[str, Json]) -> Table | None:
    sizes = {name: a["sizes"] for name, a in leakage.items() if _fits("sizes", a.get("sizes"))}
    classes = list(dict.fromkeys(c for parts in sizes.values() for row in parts.values() for c in row))
    order = [c for c in classes if c == "real"] + [c for c in classes if c != "real"]
    groups = tuple(
        Group(
            audit_title(name),
            tuple(
                (
                    Entry(PARTS.get(part, words(part))),
                    *(Entry(nested.plain_text(row.get(c, 0))) for c in order),
                )
                for part, row in parts.items()
            ),
        )
        for name, parts in sizes.items()
    )
    columns = (Column("part", numeric=False), *(Column(c) for c in order))
    return Table("Videos in each part", columns, groups) if groups else None
