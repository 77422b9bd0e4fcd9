"""An audit of anyone's scores, from the files that are named to metrics.json, the page and the verdict."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clipforensics.audit import page, parts, terminal, words
from clipforensics.audit.cells import roc_vertices
from clipforensics.audit.findings import Options, find, frame_table
from clipforensics.audit.inputs import described, file_entry
from clipforensics.audit.leaks import leak_flags
from clipforensics.audit.lists import read_list
from clipforensics.audit.names import Names, read_names, youtube_ids
from clipforensics.audit.reading import FrameScores, check_same_frames, read_scores
from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import choose
from clipforensics.naming.people import show
from clipforensics.report.figures.curves import Curve
from clipforensics.report.wording.numbers import number
from clipforensics.report.wording.printable import printable
from clipforensics.writing import write_together

METRICS, PAGE = "metrics.json", "report.html"


def run(given: argparse.Namespace) -> None:
    """Read, audit, write DIR/metrics.json and DIR/report.html, and print the verdict.

    Args:
        given: The command line, as `arguments.parse` reads it.

    Raises:
        InputError: a file is missing or wrong, or DIR cannot be written.
    """
    naming = choose(given.naming, metadata=given.metadata, identities=given.identities)
    if given.splits:
        parts.main(given, naming)
        return
    paths = _detectors([*given.scores, *([given.reference] if given.reference else [])])
    train = read_list(given.train, naming)
    val = read_list(given.val, naming) if given.val else None
    scores = {name: read_scores(path, naming) for name, path in paths.items()}
    check_same_frames([(path, scores[name]) for name, path in paths.items()])
    names = read_names(
        next(iter(scores.values())),
        train,
        naming=naming,
        val=val,
        reals=given.real,
        disjoint=given.disjoint,
        youtube=youtube_ids(given.youtube_ids),
    )
    options = Options(
        reference=_name(given.reference or given.scores[0]),
        aggregate=given.aggregate,
        threshold=given.threshold,
        cluster=given.cluster,
        n_replicates=given.replicates,
        seed=given.seed,
        confidence=given.confidence,
        chosen_from=given.chosen_from,
    )
    content = find(scores, names, options)
    content["inputs"] = _inputs(given, paths, scores)
    rocs = _rocs(content, scores, names, options)
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_together(given.out, {METRICS: text, PAGE: page.render(content, rocs, sources=_shown(content))})
    _report(given.out, content)


def _detectors(paths: Sequence[Path]) -> dict[str, Path]:
    """Detector name, which is the file's stem, to file; one file named twice counts once."""
    found: dict[str, Path] = {}
    for path in paths:
        other = found.setdefault(_name(path), path)
        if other != path:
            raise InputError(f"{path} and {other}: both are called {show(_name(path))}; rename one of them")
    return found


def _name(path: Path) -> str:
    """The stem as text that can be written; bytes that are no UTF-8 become question marks."""
    return path.stem.encode("utf-8", "replace").decode()


def _inputs(
    given: argparse.Namespace, paths: Mapping[str, Path], scores: Mapping[str, FrameScores]
) -> list[dict[str, Any]]:
    """Of every file its name, digest and, of scores, the detector's name and columns that were not read."""
    rows: list[dict[str, Any]] = [
        {
            "role": "scores",
            "detector": name,
            "ignored_columns": list(scores[name].ignored),
            **file_entry(path),
        }
        for name, path in paths.items()
    ]
    others = {
        "train": given.train,
        "validation": given.val,
        "identities": [given.identities] if given.identities else [],
        "metadata": given.metadata,
        "youtube_ids": [given.youtube_ids] if given.youtube_ids else [],
    }
    return [*rows, *described(others)]


def _shown(content: Mapping[str, Any]) -> dict[str, str]:
    """What the page says of each file."""
    texts = {}
    for position, entry in enumerate(content["inputs"]):
        ignored = ", ".join(entry.get("ignored_columns", ()))
        text = f"{entry['file']}, sha256 {entry['sha256'][:12]}"
        name = f"{entry['role']}: {entry.get('detector', entry['file'])}"
        if name in texts:
            name += f" ({position})"
        texts[name] = text + (f"; columns ignored: {ignored}" if ignored else "")
    return texts


def _rocs(
    content: Mapping[str, Any], scores: Mapping[str, FrameScores], names: Names, options: Options
) -> dict[str, dict[str, list[Curve]]]:
    """Curves of all detectors on all fakes; of a single detector, those with and without a twin too."""
    flags, several = leak_flags(names), len(scores) > 1
    tables = {name: frame_table(found, names) for name, found in scores.items()}
    strata = {"all": ""} if several else {"all": "all", "twin": "with a twin", "no_twin": "without"}
    rocs: dict[str, dict[str, list[Curve]]] = {}
    for cell in sorted(content["cells"], key=lambda cell: cell["level"] != "video"):
        if cell["stratum"] not in strata:
            continue
        place = (cell["manipulation"], cell["stratum"], cell["level"], options.aggregate)
        for name, table in tables.items():
            rows = roc_vertices(table, flags, *place)
            title = name if several else strata[cell["stratum"]]
            if len(rows):
                curve = Curve(
                    title, rows["fpr"].tolist(), rows["tpr"].tolist(), number(cell["detectors"][name]["auc"])
                )
                rocs.setdefault(cell["manipulation"], {}).setdefault(cell["level"], []).append(curve)
    return rocs


def _report(folder: Path, content: Mapping[str, Any]) -> None:
    manipulation = content["headline"]["manipulation"]
    chosen = words.chosen(content, manipulation)
    for text in words.below_chance(content, manipulation):
        print(printable(f"warning: {text}"), file=sys.stderr)
    sentences = [words.conclusion(content, manipulation, name) for name in content["points"]]
    further = terminal.further(content, manipulation)
    for text in (words.headline(content, manipulation), *sentences, *chosen, *further):
        print(printable(text))
    print(f"{folder / METRICS}, {folder / PAGE}")
