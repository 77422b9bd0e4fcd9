"""The league table: every detector in one row, in the order of validation. Pure.

What each column means, for the headline's train set:

- `parameters`: `trainable` are those that training moved, adapter and head together; `head` is the linear
  head's part of them; `all` is the network that holds them with its head: a tower of the encoder, or for a
  method on cached embeddings what stands upon them. Each is the largest over seeds and folds.
- `validation`: of the protocol whose validation videos training knows least (`validation_protocol`): where
  faces of validation are faces of training, it favours whoever knows them by heart. Means over seeds
  and folds of the video and frame AUC that `evaluate` found there. Every choice was made on it, so it is too
  high, the more so the more choices a method had; nothing can be judged by it, but it may give the order.
  `n_tried` is among how many candidates settings were chosen there (1: none was), epochs not counted.
- `in_domain`: fakes of the manipulation that was trained on (of `A+B`, of the first that has any): test
  fakes under the protocol of `clean`, else the headline's validation fakes, whose `part` says so.
- `cross`: the headline's cell, all test fakes of the first test manipulation under the first split.
- `clean`: the same manipulation under a protocol whose counted leaks are none (`leaks.nobody_shared`).

The order is that of `training.validation.Validation.rank` (video AUC, then frame AUC), then fewer trainable
parameters, then the name; test scores have no say in it. Columns come from the rows of `cells` in
comparison.json, and nothing is drawn anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.comparison.leaks import Leaks, in_words, nobody_shared
from clipforensics.protocol.cells import CLEAN_PROTOCOLS

Row = dict[str, Any]
Json = Mapping[str, Any]

TESTS = ("cross", "clean")
"""Columns of test videos that training is not meant to know."""

POINT_COLUMNS = ("detector", "trainable", "test", "protocol", "manipulation", "auc", "low", "high")

DIGITS = 12
"""AUCs that agree to so many decimals are tied: the mean over seeds rounds beyond them."""


def validation_protocol(seen: Mapping[str, float]) -> str:
    """The protocol whose validation gives the order: the one that training knows least of.

    Args:
        seen: Protocol of the run -> share of its validation videos that show somebody from training, the
            headline's first. Of equals `CLEAN_PROTOCOLS` come first, in their order.
    """
    return min(by_candidacy(seen), key=lambda name: seen[name])


def by_candidacy(protocols: Iterable[str]) -> list[str]:
    """Protocols in the order in which they are tried: first `CLEAN_PROTOCOLS`, which are made not to leak."""
    names = list(dict.fromkeys(protocols))
    return [name for name in CLEAN_PROTOCOLS if name in names] + [
        name for name in names if name not in CLEAN_PROTOCOLS
    ]


def standings(choices: Mapping[tuple[str, int], Mapping[str, Json]]) -> list[Row]:
    """Detectors with parameters and validation AUC, best first.

    Args:
        choices: (detector, seed) -> split -> its evaluate file; all splits of one protocol, one train set.

    Returns:
        Rows {detector, parameters, validation}. An undefined validation AUC is None and comes last.
    """
    files: dict[str, list[Json]] = {}
    for (detector, _), by_split in choices.items():
        files.setdefault(detector, []).extend(by_split.values())
    rows = [
        {"detector": name, "parameters": _parameters(several), "validation": _validation(several)}
        for name, several in files.items()
    ]
    return sorted(rows, key=_place)


def _place(row: Json) -> tuple[Any, ...]:
    """What the order is by, smallest first."""
    aucs = [row["validation"][name] for name in ("auc", "frame_auc")]
    trainable = row["parameters"]["trainable"]
    ranked = [np.inf if auc is None else -round(auc, DIGITS) for auc in aucs]
    return (*ranked, np.inf if trainable is None else trainable, row["detector"])


def _parameters(files: Iterable[Json]) -> dict[str, int | None]:
    """Counts with the head among the trainable and all; None where a file does not count them."""
    counts = [file.get("parameters") or {} for file in files]
    heads = [one.get("head") or 0 for one in counts]
    found: dict[str, int | None] = {}
    for name in ("trainable", "all"):
        known = [one.get(name) for one in counts]
        sums = [n + head for n, head in zip(known, heads, strict=True) if n is not None]
        found[name] = max(sums) if len(sums) == len(counts) else None
    return {"trainable": found["trainable"], "head": max(heads, default=0), "all": found["all"]}


def _validation(files: Sequence[Json]) -> Row:
    """Mean, smallest and largest video AUC, and mean frame AUC; None where one is undefined."""
    video, frame = (
        [((file.get("validation") or {}).get(level) or {}).get("auc") for file in files]
        for level in ("video", "frame")
    )
    known = [auc for auc in video if auc is not None]
    whole = len(known) == len(files) and bool(files)
    return {
        "auc": float(np.mean(known)) if whole else None,
        "frame_auc": float(np.mean(np.array(frame, dtype=float))) if None not in frame and files else None,
        "n_models": len(files),
        "min": min(known) if whole else None,
        "max": max(known) if whole else None,
        "n_tried": max((file.get("n_tried", 1) for file in files), default=1),
        **{name: _fewest(files, name) for name in ("n_real", "n_fake")},
    }


def _fewest(files: Iterable[Json], name: str) -> int | None:
    """Fewest validation videos of a class that a model was chosen on."""
    counts = [((file.get("validation") or {}).get("video") or {}).get(name) for file in files]
    return min((n for n in counts if n is not None), default=None)


def first_clean(leaks: Mapping[str, Leaks]) -> str | None:
    """The first protocol, `by_candidacy`, whose tests know nobody; None if all do."""
    return next((name for name in by_candidacy(leaks) if nobody_shared(leaks[name])), None)


def clean_protocol(
    cells: Iterable[Json], leaks: Mapping[str, Leaks], *, train_set: str, manipulation: str
) -> str | None:
    """The first protocol, `by_candidacy`, that has a cell of all these fakes and whose tests know nobody.

    Args:
        cells: Rows of comparison.json.
        leaks: Protocol -> its counts, of the train set.
        train_set: Of the cell.
        manipulation: Of the cell.
    """
    wanted = {"train_set": train_set, "manipulation": manipulation, "stratum": "all"}
    having = {
        cell.get("protocol") for cell in cells if all(cell.get(key) == value for key, value in wanted.items())
    }
    return first_clean({name: found for name, found in leaks.items() if name in having})


def league(
    order: Sequence[Json],
    cells: Sequence[Json],
    *,
    headline: Json,
    validated: str,
    leaks: Mapping[str, Leaks],
) -> list[Row]:
    """The table, ready for JSON.

    Args:
        order: Of `standings`, for the headline's train set.
        cells: Rows of comparison.json, every cell with all detectors.
        headline: `protocol`, `train_set` and `manipulation`.
        validated: The protocol that `order` is of.
        leaks: Protocol -> its counts (`comparison.leaks`), of the headline's train set.

    Returns:
        Rows in the same order, each {detector, parameters, validation, in_domain, cross, clean,
        differences, to_leader}; `undefined` says why a column is None. `differences` (to the reference;
        empty for itself) and `to_leader` (to the first of the table; empty for itself) are those of `cross`
        and `clean`, paired, this detector minus the other.
    """
    protocol, train_set = headline["protocol"], headline["train_set"]
    clean = clean_protocol(cells, leaks, train_set=train_set, manipulation=headline["manipulation"])
    place = {"cells": cells, "train_set": train_set, "manipulation": headline["manipulation"]}
    found = {
        "in_domain": _in_domain(cells, train_set, protocol, clean),
        "cross": _cell(protocol=protocol, stratum="all", **place),
        "clean": _cell(protocol=clean, stratum="all", **place) if clean else None,
    }
    validation = _cell(cells, validated, train_set, train_set, "validation")
    place = {"protocol": validated, "manipulation": train_set}
    reasons = {**REASONS, "clean": _no_clean(leaks)}
    lost = {column: reasons[column] for column, cell in found.items() if cell is None}
    return [_row(one, found, validation, place, lost) for one in order]


def _no_clean(leaks: Mapping[str, Leaks]) -> str:
    """Why there is no clean column: what was counted in the protocols that are made not to leak."""
    known = [f"{name}: {in_words(leaks[name])}" for name in by_candidacy(leaks) if name in CLEAN_PROTOCOLS]
    text = "no protocol of the run tests this without a known leak"
    told = f" ({'; '.join(known)})" if known else ""
    return f"{text}{told}; add grouped, or all folds, to protocol.splits"


def _cell(
    cells: Iterable[Json], protocol: str | None, train_set: str, manipulation: str, stratum: str
) -> Json | None:
    """The cell by video, or None where there is none."""
    wanted = (protocol, train_set, manipulation, stratum, "video")
    keys = ("protocol", "train_set", "manipulation", "stratum", "level")
    return next((cell for cell in cells if tuple(map(cell.get, keys)) == wanted), None)


def _in_domain(cells: Sequence[Json], train_set: str, protocol: str, clean: str | None) -> Json | None:
    trained = train_set.split("+")
    tested = [_cell(cells, clean, train_set, name, "all") for name in trained] if clean else []
    chosen_on = [_cell(cells, protocol, train_set, name, "validation") for name in trained]
    return next((cell for cell in (*tested, *chosen_on) if cell), None)


REASONS = {
    "in_domain": "no test fake under the protocol of `clean`, and no validation row, is of the train set",
    "cross": "the headline has no cell of all test fakes",
}


def _row(
    standing: Json, found: Mapping[str, Json | None], validation: Json | None, place: Json, lost: Json
) -> Row:
    name = standing["detector"]
    row: Row = {"detector": name, "parameters": standing["parameters"]}
    row["validation"] = {**standing["validation"], **_of_validation(standing, validation, place)}
    row |= {column: _estimate(cell, name) for column, cell in found.items()}
    tests = {column: found[column] or {} for column in TESTS}
    row["differences"] = {
        column: cell["differences"][name]
        for column, cell in tests.items()
        if name in cell.get("differences", {})
    }
    row["to_leader"] = {
        column: cell["to_leader"]["differences"][name]
        for column, cell in tests.items()
        if name in (cell.get("to_leader") or {}).get("differences", {})
    }
    return {**row, **({"undefined": dict(lost)} if lost else {})}


def _of_validation(standing: Json, cell: Json | None, place: Json) -> Row:
    """Where the validation AUC is from, and its interval where the cells have one of the same number."""
    where = {**place, "stratum": "validation", "part": "validation"}
    values = cell["detectors"].get(standing["detector"], {}) if cell else {}
    ours, theirs = standing["validation"]["auc"], values.get("auc")
    same = ours is not None and theirs is not None and abs(ours - theirs) < 1e-9
    low, high = (values["low"], values["high"]) if same else (None, None)
    return {"low": low, "high": high, **({"covers": values["covers"]} if same else {}), **where}


def _estimate(cell: Json | None, detector: str) -> Row | None:
    """A detector's AUC in a cell, with what the cell is of."""
    if cell is None:
        return None
    values = cell["detectors"][detector]
    kept = {name: values.get(name) for name in ("auc", "low", "high", "covers")}
    kept |= {name: cell.get(name) for name in ("n_real", "n_fake", "protocol", "manipulation", "stratum")}
    kept["part"] = "validation" if cell["stratum"] == "validation" else "test"
    lost = values.get("auc") is None or values.get("low") is None
    return {**kept, **({"undefined": cell["undefined"]} if lost and cell.get("undefined") else {})}


def league_points(table: Iterable[Json]) -> pd.DataFrame:
    """AUC against trainable parameters: a row a detector and test, columns `POINT_COLUMNS`.

    Cross before clean, within each by parameters, then by name; undefined numbers are NaN. Where both are one
    cell (a headline without leaks) only cross is there.
    """
    rows = [
        {
            "detector": row["detector"],
            "trainable": row["parameters"]["trainable"],
            "test": test,
            **{name: row[test][name] for name in POINT_COLUMNS[3:]},
        }
        for test in TESTS
        for row in sorted(table, key=lambda row: (row["parameters"]["trainable"] or 0, row["detector"]))
        if row[test] and (test == "cross" or not same_cell(row))
    ]
    return pd.DataFrame(rows, columns=list(POINT_COLUMNS)).astype({"trainable": "Int64"})


def same_cell(row: Json) -> bool:
    """Whether the clean column is the cross column again: no leak was counted in the headline's protocol."""
    cross, clean = row["cross"], row["clean"]
    return bool(cross and clean) and cross["protocol"] == clean["protocol"]
