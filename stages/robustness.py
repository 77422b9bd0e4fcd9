"""Score degraded test frames of the headline cell with every detector; AUC against strength."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section, read_value
from clipforensics.encoder.vision import EncoderSection
from clipforensics.frames.store import FrameStore
from clipforensics.machine.scratch import remove_scratch
from clipforensics.machine.workers import n_workers
from clipforensics.protocol.cells import Protocol, tested_manipulations
from clipforensics.protocol.tables import read_split
from clipforensics.robustness import scoring, tables
from clipforensics.statistics.settings import read_compared

PARAMS = Path("params.yaml")
SPLITS = Path("data/splits")
FRAMES = Path("data/frames")
WEIGHTS = Path("data/weights")
METRICS = Path("data/metrics/robustness.json")
CURVES = Path("plots/robustness")


def main() -> None:
    """Read the headline's test frames and detectors, degrade, score, write metrics and curves."""
    protocol = read_section(PARAMS, "protocol", Protocol)
    params = read_section(PARAMS, "robustness", scoring.RobustnessSection)
    conditions = scoring.all_conditions(params.degradations, params.strengths)  # a wrong name is told first
    run, bootstrap = read_compared(PARAMS)
    head = tables.head(protocol.headline, params, run, bootstrap)
    if not params.enabled:
        reason = "not measured: robustness.enabled is false"
        tables.write(METRICS, CURVES, {**head, "manipulation": None, "undefined": reason}, [])
        print(reason)
        return
    frames, cell = FrameStore.open(FRAMES), protocol.headline
    test, wanted = read_split(SPLITS / cell.split / cell.train_set / "test.csv"), protocol.test_manipulations
    manipulation = tested_manipulations(test, wanted, split=cell.split, train_set=cell.train_set)[0]
    material = scoring.choose_material(
        frames.rows, test, manipulation, frames_per_video=params.frames_per_video
    )
    scores, scratch = scoring.score_saved(
        {name: WEIGHTS / cell.name / name for name in run.detectors},
        material,
        conditions,
        frames=frames,
        **read_section(PARAMS, "encoder", EncoderSection).model_dump(),
        precision=read_value(PARAMS, "embed", "precision", str),
        batch_size=params.batch_size,
        seed=params.seed,
        workers=n_workers(),
    )
    options = {"level": params.level, "aggregate": run.aggregate, **bootstrap.model_dump()}
    rows = tables.tabulate(scores, material, **options)
    head |= {"manipulation": manipulation, "families": tables.families(rows, bootstrap.confidence)}
    tables.write(METRICS, CURVES, head, rows)
    remove_scratch(scratch)
    print(tables.summary_line(rows))


if __name__ == "__main__":
    run_command(main)
