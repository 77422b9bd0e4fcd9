"""Score degraded test frames of the headline cell with every detector; AUC against strength."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from clipforensics import degraded, robustness
from clipforensics.cells import Cell, Protocol, fold_of, order_manipulations, protocol_of, read_split
from clipforensics.contest import read_contest
from clipforensics.degradations import DEGRADATIONS
from clipforensics.encoder import EncoderSection
from clipforensics.faults import InputError, one_line_errors
from clipforensics.files import write_json
from clipforensics.frames import FrameStore
from clipforensics.params import Section, read_section, read_value
from clipforensics.scratch import remove_scratch
from clipforensics.workers import n_workers

PARAMS = Path("params.yaml")
SPLITS = Path("data/splits")
FRAMES = Path("data/frames")
WEIGHTS = Path("data/weights")
METRICS = Path("metrics/robustness.json")
CURVES = Path("plots/robustness")


class Robustness(Section):
    """Section `robustness` of params.yaml."""

    enabled: bool
    degradations: list[str] = Field(min_length=1)
    strengths: list[Annotated[int, Field(ge=1, le=5)]] = Field(min_length=1)
    level: Literal["frame", "video"]
    frames_per_video: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    seed: int = Field(ge=0)


def main(split: str, train_set: str, seed: str) -> None:
    """Read the headline's test frames and detectors, degrade, score, write metrics and curves."""
    cell, params = Cell.parse(split, train_set, seed), read_section(PARAMS, "robustness", Robustness)
    run, bootstrap = read_contest(PARAMS)
    conditions = degraded.all_conditions(params.degradations, params.strengths)
    head = {
        "enabled": params.enabled,
        "detectors": run.detectors,
        "split": split,
        "protocol": protocol_of(split),
        "train_set": train_set,
        "seed": cell.seed,
        "aggregate": run.aggregate,
        "level": params.level,
        "frames_per_video": params.frames_per_video,
        "reference": bootstrap.reference,
        "bootstrap": bootstrap.model_dump(exclude={"reference"}),
        "degradations": {name: DEGRADATIONS[name].about for name in params.degradations},
    }
    if not params.enabled:
        reason = "not measured: robustness.enabled is false"
        write_all({**head, "manipulation": None, "undefined": reason}, [])
        print(reason)
        return
    test, frames = read_split(SPLITS / split / train_set / "test.csv"), FrameStore.open(FRAMES)
    present = sorted(set(test["manipulation"][test["label"] == 1]))
    wanted = read_section(PARAMS, "protocol", Protocol).test_manipulations
    manipulation = order_manipulations(
        wanted, present, trained=train_set, one_fold=fold_of(split) is not None
    )[0]
    material = degraded.choose_material(
        frames.rows, test, manipulation, frames_per_video=params.frames_per_video
    )
    scores, scratch = degraded.score_saved(
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
    rows = robustness.tabulate(
        scores, material, level=params.level, aggregate=run.aggregate, **bootstrap.model_dump()
    )
    write_all({**head, "manipulation": manipulation}, rows)
    remove_scratch(scratch)
    print(robustness.summary_line(rows))


def write_all(head: dict[str, Any], rows: list[robustness.Row]) -> None:
    """Write the table and its curves, those of all known degradations: the run's plots look for each."""
    write_json(METRICS, {**head, "rows": rows})
    robustness.write_curves(CURVES, rows, detectors=head["detectors"], degradations=list(DEGRADATIONS))


if __name__ == "__main__":
    with one_line_errors():
        if len(sys.argv) != 4:
            raise InputError(
                "usage: python -m stages.robustness SPLIT TRAIN_SET SEED, such as grouped FaceSwap 42"
            )
        main(*sys.argv[1:])
