"""Fit controls on every split and train set, test them beside the detectors."""

from itertools import product
from pathlib import Path

import pandas as pd

from clipforensics.comparison.by_protocol import Results
from clipforensics.controls.contract import FILE_FACTS, Known, ProbeSettings
from clipforensics.controls.enabled import empty_folder, why_off
from clipforensics.controls.finding import known_controls
from clipforensics.controls.probing import read_probe_settings
from clipforensics.controls.results import ControlledRun, content, judged_cell, summary_line
from clipforensics.controls.scoring import ControlScores, fit_and_score
from clipforensics.controls.settings import ControlsSection
from clipforensics.core.faults import run_command
from clipforensics.core.files import read_json, write_json
from clipforensics.core.params import read_section, read_value
from clipforensics.core.records import read_videos
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.protocol.cells import Protocol
from clipforensics.protocol.tables import read_split
from clipforensics.statistics.settings import read_compared

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
VIDEOS = Path("data/videos.csv")
SPLITS = Path("data/splits")
SCORES = Path("data/scores")
EMBEDDINGS = Path("data/embeddings")
VIEWS = Path("data/views")
COMPARISON = Path("data/metrics/comparison.json")
OUT = Path("data/controls")
METRICS = Path("data/metrics/controls.json")


def main() -> None:
    """Read what is known of every cell, fit, score, compare, write; an empty file where controls are off."""
    if reason := why_off(PARAMS, PROFILES):
        empty_folder(OUT, reason)
        write_json(METRICS, {"enabled": False, "undefined": reason})
        print(reason)
        return
    (run, compare), protocol = read_compared(PARAMS), read_section(PARAMS, "protocol", Protocol)
    views = {path.name: EmbeddingStore(path) for path in sorted(VIEWS.iterdir())}
    settings, controls = read_section(PARAMS, "controls", ControlsSection), known_controls(views)
    scores = ControlScores(OUT, {name: one.draws(settings) for name, one in controls.items()})
    probe, videos = read_probe_settings(PARAMS, protocol.seeds[0]), read_table()
    stores = EmbeddingStore(EMBEDDINGS), views
    chosen = [
        row
        for split, train_set in product(protocol.splits, protocol.train_sets)
        for tables in (read_parts(split, train_set),)
        for row in fit_and_score(
            controls,
            known_of(tables, stores, videos, probe),
            {part: tables[part] for part in ("val", "test")},
            settings,
            scores,
            split=split,
            train_set=train_set,
        )
    ]
    tested = ControlledRun(
        Results(run.detectors, protocol.seeds[:1], SCORES, SPLITS, evaluations=COMPARISON),
        scores,
        controls,
        protocol,
        n_folds=read_value(PARAMS, "split", "n_folds", int),
        options={**compare.model_dump(exclude={"reference"}), "aggregate": run.aggregate},
    )
    found = content(tested, chosen, judged_cell(read_json(COMPARISON)))
    write_json(METRICS, found)
    print(summary_line(found))


def read_parts(split: str, train_set: str) -> dict[str, pd.DataFrame]:
    """The three parts of a split; test videos are scored, and never fitted on."""
    return {part: read_split(SPLITS / split / train_set / f"{part}.csv") for part in ("train", "val", "test")}


def known_of(
    tables: dict[str, pd.DataFrame],
    stores: tuple[EmbeddingStore, dict[str, EmbeddingStore]],
    videos: pd.DataFrame,
    probe: ProbeSettings,
) -> Known:
    """What controls of one split may be fitted on."""
    embeddings, views = stores
    train, val = (embeddings.rows.labelled(tables[part]) for part in ("train", "val"))
    return Known(train, val, embeddings, views, videos, probe)


def read_table() -> pd.DataFrame:
    """What videos.csv says of each file, by key."""
    rows = {video.key: [getattr(video, name) for name in FILE_FACTS] for video in read_videos(VIDEOS)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(FILE_FACTS))


if __name__ == "__main__":
    run_command(main)
