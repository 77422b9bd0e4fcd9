"""All that the page shows, read from the files of a run."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.explanations.maps import Heatmaps
from clipforensics.report.reading.provenance import Provenance
from clipforensics.report.wording.names import SHOWN_LEVELS

Json = Mapping[str, Any]
Rows = Sequence[Mapping[str, str]]
Curves = Mapping[str, Rows]

OFF = "It is switched off in params.yaml."
CONTENT, FACES = "content", "faces"
"""Below the leak audits by names, those by content and those by faces."""

ABSENT = "The run has no files of it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that the page shows, as it stands in the files.

    Attributes:
        dataset: Name of the data set.
        is_sample: Whether it is the rendered sample, whose numbers are no science.
        comparison: metrics/comparison.json.
        detector: The one that params.yaml names; of many, the page opens with it.
        evaluations: metrics/evaluate/<detector>/<split>/<train_set>-<seed>.json of the headline's train
            set; those of the headline's split come first.
        leakage: `<split> <train_set>` -> metrics/leakage/<split>/<train_set>.json.
        duplicates: Likewise -> metrics/leakage/content/<split>/<train_set>.json: videos that look alike.
        recognised: Likewise -> metrics/leakage/faces/<split>/<train_set>.json: videos that show faces which
            are alike; empty where nobody is recognised.
        errors: (detector, its error lists) to show with pictures.
        curves: Level (video, frame) -> detector -> its rows (fpr, tpr) of plots/roc/<level>.csv, of the
            headline and the first seed.
        bands: The same for plots/bands, with rows (fpr, tpr, low, high).
        robustness: metrics/robustness.json, or None.
        no_robustness: Why there is none.
        explanations: metrics/explanations.json, or None.
        no_explanations: Why there is none.
        likelihood: metrics/likelihood.json, or None.
        faces: metrics/faces.json, or None.
        controls: metrics/controls.json, or None.
        settings: What the run was given: params.yaml.
        skipped: Rows (stage, path, reason) of the tables of skipped videos.
        provenance: What made the run.
    """

    dataset: str
    is_sample: bool
    comparison: Json
    evaluations: Sequence[Json]
    detector: str = ""
    leakage: Mapping[str, Json] = field(default_factory=dict)
    duplicates: Mapping[str, Json] = field(default_factory=dict)
    recognised: Mapping[str, Json] = field(default_factory=dict)
    errors: Sequence[tuple[str, Json]] = ()
    curves: Mapping[str, Curves] = field(default_factory=dict)
    bands: Mapping[str, Curves] = field(default_factory=dict)
    robustness: Json | None = None
    no_robustness: str = ABSENT
    explanations: Json | None = None
    no_explanations: str = ABSENT
    likelihood: Json | None = None
    faces: Json | None = None
    controls: Json | None = None
    settings: Json = field(default_factory=dict)
    skipped: Rows = ()
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Files and folders of a run; those of folders are named as in :class:`Findings`."""

    comparison: Path
    evaluations: Path
    leakage: Path
    errors: Path
    curves: Path
    bands: Path
    robustness: Path
    explanations: Path
    heatmaps: Path
    likelihood: Path | None = None
    faces: Path | None = None
    controls: Path | None = None
    skipped: Sequence[Path] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Which cells a run has, as params.yaml names them (never a glob: old files may lie about)."""

    dataset: str
    is_sample: bool
    detector: str
    detectors: Sequence[str]
    splits: Sequence[str]
    train_sets: Sequence[str]
    seeds: Sequence[int]
    with_robustness: bool
    with_explanations: bool
    settings: Json


def read_findings(places: Places, run: Run, provenance: Provenance) -> Findings:
    """Read everything; the headline's cell in detail, of the others what `compare` made of them.

    Raises:
        InputError: a file is missing that every run has, or is no JSON.
    """
    comparison = read_json(places.comparison)
    head = comparison["headline"]
    train_set, splits = head["train_set"], list(dict.fromkeys([head["split"], *run.splits]))
    names = [f"{split}/{train_set}-{seed}" for split in splits for seed in run.seeds]
    return Findings(
        dataset=run.dataset,
        is_sample=run.is_sample,
        comparison=comparison,
        detector=run.detector,
        evaluations=[read_json(places.evaluations / d / f"{n}.json") for n in names for d in run.detectors],
        leakage={
            f"{split} {name}": read_json(places.leakage / split / f"{name}.json")
            for split in splits
            for name in dict.fromkeys([train_set, *run.train_sets])
        },
        duplicates=read_audits(places.leakage / CONTENT, splits, [train_set]),
        recognised=read_audits(places.leakage / FACES, splits, [train_set]),
        errors=[(d, _errors(places, d, names[0])) for d in run.detectors],
        curves=_curves(places.curves, run.detectors, needed=True),
        bands=_curves(places.bands, run.detectors, needed=False),
        robustness=_optional(places.robustness, run.with_robustness),
        no_robustness=ABSENT if run.with_robustness else OFF,
        explanations=_optional(places.explanations, run.with_explanations),
        no_explanations=ABSENT if run.with_explanations else OFF,
        likelihood=_optional(places.likelihood, True) if places.likelihood else None,
        faces=_optional(places.faces, True) if places.faces else None,
        controls=_optional(places.controls, True) if places.controls else None,
        settings=run.settings,
        skipped=[row for path in places.skipped for row in _rows(path)],
        provenance=provenance,
    )


def read_audits(folder: Path, splits: Sequence[str], train_sets: Sequence[str]) -> dict[str, Json]:
    """`<split> <train_set>` -> its audit, of those that have one that was made."""
    places = {f"{split} {name}": folder / split / f"{name}.json" for split in splits for name in train_sets}
    found = {name: read_json(path) for name, path in places.items() if path.is_file()}
    return {name: audit for name, audit in found.items() if "undefined" not in audit}


def read_heatmaps(folder: Path, detectors: Sequence[str], *, wanted: bool) -> dict[str, Heatmaps]:
    """Maps by detector, of those that have a folder with at least one map; none where they are not wanted."""
    if not wanted:
        return {}
    found = {d: Heatmaps.open(folder / d) for d in detectors if (folder / d).is_dir()}
    return {name: maps for name, maps in found.items() if len(maps)}


def _errors(places: Places, detector: str, name: str) -> Json:
    """The lists with clusters where they were made, else those of evaluate."""
    clustered = places.heatmaps / "errors" / f"{detector}.json"
    found: Json = read_json(clustered if clustered.exists() else places.errors / detector / f"{name}.json")
    return found


def _optional(path: Path, wanted: bool) -> Json | None:
    found: Json | None = read_json(path) if wanted and path.exists() else None
    return found


def _curves(folder: Path, detectors: Sequence[str], *, needed: bool) -> dict[str, dict[str, Rows]]:
    """Level -> detector -> its rows of `<level>.csv`; a detector without rows is left out."""
    found: dict[str, dict[str, Rows]] = {}
    for level in SHOWN_LEVELS:
        path = folder / f"{level}.csv"
        rows = _rows(path) if needed or path.exists() else []
        of = {name: [row for row in rows if row["detector"] == name] for name in detectors}
        found[level] = {name: several for name, several in of.items() if several}
        lost = [name for name in detectors if name not in found[level]]
        if needed and lost:
            raise InputError(f"{path} has no curve of {lost[0]!r}; run `dvc repro`")
    return found


def _rows(path: Path) -> Rows:
    if not path.exists():
        raise InputError(f"{path} does not exist; run `dvc repro`")
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
