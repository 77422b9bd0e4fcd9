"""Fit controls on every split and train set, test them beside the detectors."""

from itertools import product
from pathlib import Path

from clipforensics.comparison.by_protocol import Results
from clipforensics.controls.contract import Inputs, file_facts
from clipforensics.controls.enabled import empty_folder, why_off
from clipforensics.controls.finding import known_controls
from clipforensics.controls.probing import read_probe_settings
from clipforensics.controls.results import ControlledRun, content, judged_cell, summary_line
from clipforensics.controls.scoring import ControlScores, fit_on_splits
from clipforensics.controls.settings import ControlsSection
from clipforensics.core.faults import run_command
from clipforensics.core.files import read_json, write_json
from clipforensics.core.params import read_section, read_value
from clipforensics.core.records import read_videos
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.protocol.cells import Protocol
from clipforensics.protocol.tables import read_parts
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
    probe = read_probe_settings(PARAMS, protocol.seeds[0])
    inputs = Inputs(EmbeddingStore(EMBEDDINGS), views, file_facts(read_videos(VIDEOS)), probe)
    cells = product(protocol.splits, protocol.train_sets)
    splits = ((split, train_set, read_parts(SPLITS / split / train_set)) for split, train_set in cells)
    chosen = fit_on_splits(controls, inputs, splits, settings, scores)
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


if __name__ == "__main__":
    run_command(main)
