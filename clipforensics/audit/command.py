"""`clipforensics audit SCORES.csv --train TRAIN.csv --out DIR`: an audit of anyone's scores."""

import argparse
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from clipforensics.arguments import finite, positive, share, whole
from clipforensics.audit import page, words
from clipforensics.audit.cells import roc_vertices
from clipforensics.audit.findings import Options, find, frame_table
from clipforensics.audit.names import Names, leak_flags, read_names
from clipforensics.audit.reading import FrameScores, check_same_frames, read_scores, read_train, show
from clipforensics.core.faults import InputError
from clipforensics.metrics.pooling import Pooling
from clipforensics.report.figures.curves import Curve
from clipforensics.report.wording.numbers import number
from clipforensics.statistics.replicates import Cluster

METRICS, PAGE = "metrics.json", "report.html"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, audit, write DIR/metrics.json and DIR/report.html, and print the verdict.

    Raises:
        InputError: a file is missing or wrong, or DIR cannot be written.
        SystemExit: with 2, the command line is wrong.
    """
    given = _parser().parse_args(arguments)
    paths = _detectors([*given.scores, *([given.reference] if given.reference else [])])
    train = read_train(given.train)
    scores = {name: read_scores(path) for name, path in paths.items()}
    check_same_frames([(path, scores[name]) for name, path in paths.items()])
    names = read_names(next(iter(scores.values())), train, reals=given.real, disjoint=given.disjoint)
    reference = given.reference or given.scores[0]
    options = Options(
        reference=_name(reference),
        aggregate=given.aggregate,
        threshold=given.threshold,
        cluster=given.cluster,
        n_replicates=given.replicates,
        seed=given.seed,
        confidence=given.confidence,
    )
    content = find(scores, names, options)
    content["inputs"] = _inputs(given.train, paths, scores)
    rocs = _rocs(content, scores, names, options)
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_both(given.out, {METRICS: text, PAGE: page.render(content, rocs, sources=_shown(content))})
    _report(given.out, content)


def write_both(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files under temporary names, then rename them: none is ever there by half.

    Raises:
        InputError: the folder cannot be made or written.
    """
    written: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in texts:
            if (folder / name).is_dir():
                raise InputError(f"--out {folder}: {name} in it is a folder; name another folder")
        for name, text in texts.items():
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
            written[name] = Path(temporary)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            written[name].chmod(0o666 & ~_umask())
        for name, path in written.items():
            path.replace(folder / name)
    except OSError as error:
        raise InputError(
            f"--out {folder}: cannot be written: {error.strerror}; name another folder"
        ) from error
    finally:
        for path in written.values():
            path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics audit",
        description="What frame scores of any detector are worth, and how much of it may be leakage.",
        epilog="SCORES has columns manipulation, video, frame, label, score; TRAIN has manipulation, video."
        " A video is named <target>_<source>, a real one <target>.",
    )
    add = parser.add_argument
    add(
        "scores",
        nargs="+",
        type=Path,
        metavar="SCORES",
        help="frame scores; several detectors: several files",
    )
    add("--train", required=True, type=Path, help="the videos that the detectors were trained on")
    add("--out", required=True, type=Path, metavar="DIR", help="where metrics.json and report.html go")
    add("--reference", type=Path, metavar="OTHER", help="scores to compare with (default: the first SCORES)")
    add("--real", action="append", default=[], metavar="NAME", help="manipulation that means real in TRAIN")
    add("--disjoint", action="store_true", help="TRAIN is meant to share no identity with SCORES")
    add("--aggregate", choices=get_args(Pooling), default="mean", help="frame scores to a video's")
    add("--threshold", type=finite, help="manipulated from here on (default: .5 for scores in [0, 1])")
    add("--cluster", choices=get_args(Cluster), default="identity", help="what the bootstrap draws")
    add("--replicates", type=positive, default=2_000, help="of the bootstrap (default: %(default)s)")
    add("--seed", type=whole, default=42, help="of the bootstrap (default: %(default)s)")
    add("--confidence", type=share, default=0.95, help="of the intervals (default: %(default)s)")
    return parser


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
    train: Path, paths: Mapping[str, Path], scores: Mapping[str, FrameScores]
) -> list[dict[str, Any]]:
    """Of every file its name, digest and, of scores, the detector's name and columns that were not read."""
    rows: list[dict[str, Any]] = [
        {"role": "scores", "detector": name, "ignored_columns": list(scores[name].ignored), **_file(path)}
        for name, path in paths.items()
    ]
    return [*rows, {"role": "train", **_file(train)}]


def _file(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name.encode("utf-8", "replace").decode(), "sha256": digest}


def _shown(content: Mapping[str, Any]) -> dict[str, str]:
    """What the page says of each file."""
    texts = {}
    for entry in content["inputs"]:
        ignored = ", ".join(entry.get("ignored_columns", ()))
        text = f"{entry['file']}, sha256 {entry['sha256'][:12]}"
        name = entry.get("detector", "training")
        texts[f"{entry['role']}: {name}"] = text + (f"; columns ignored: {ignored}" if ignored else "")
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
    sentences = [words.conclusion(content, manipulation, name) for name in content["points"]]
    for text in (words.headline(content, manipulation), *sentences):
        print(_plain(text))
    print(f"{folder / METRICS}, {folder / PAGE}")


def _plain(text: str) -> str:
    """Names come from files: a terminal gets no control characters from them."""
    return "".join(c if c.isprintable() else " " for c in text)
