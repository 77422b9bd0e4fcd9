"""Score degraded test frames of the headline cell with every detector; AUC against strength."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from clipforensics import robustness
from clipforensics.cells import Cell, Protocol, order_manipulations, protocol_of, read_split
from clipforensics.degradations import DEGRADATIONS, setting_in_words
from clipforensics.devices import choose_device, compute_deterministically
from clipforensics.encoder import EncoderSection
from clipforensics.faults import InputError, one_line_errors
from clipforensics.files import write_json
from clipforensics.frames import FrameStore
from clipforensics.params import Section, check_section, read_section, read_yaml
from clipforensics.scratch import fingerprint, project_code, remove_scratch, scratch_folder
from clipforensics.workers import n_workers

PARAMS = Path("params.yaml")
SPLITS = Path("data/splits")
FRAMES = Path("data/frames")
MODELS = Path("models")
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


class Bootstrap(Section):
    """What this stage reads of the section `compare`."""

    reference: str
    cluster: Literal["identity", "video"]
    n_replicates: int = Field(ge=1)
    seed: int = Field(ge=0)
    confidence: float = Field(gt=0, lt=1)


class Run(Section):
    """What this stage reads of the rest of params.yaml."""

    detectors: list[str] = Field(min_length=1)
    aggregate: Literal["mean", "median", "max"]
    precision: str = Field(pattern="^(auto|float32|bfloat16)$")


def main(split: str, train_set: str, seed: str) -> None:
    """Read the headline's test frames and detectors, degrade, score, write metrics and curves."""
    cell = Cell.parse(split, train_set, seed)
    params, bootstrap, run = read_params()
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
        write_all({**head, "manipulation": None, "undefined": reason}, [], params.level)
        print(reason)
        return
    test = read_split(SPLITS / split / train_set / "test.csv")
    present = sorted(set(test["manipulation"][test["label"] == 1]))
    wanted = read_section(PARAMS, "protocol", Protocol).test_manipulations
    manipulation = order_manipulations(wanted, present, trained=train_set)[0]
    frames = FrameStore.open(FRAMES)
    material = robustness.choose_material(
        frames.rows, test, manipulation, frames_per_video=params.frames_per_video
    )
    scores, scratch = score(cell, material, frames, params, run)
    rows = robustness.tabulate(
        scores, material, level=params.level, aggregate=run.aggregate, **bootstrap.model_dump()
    )
    write_all({**head, "manipulation": manipulation}, rows, params.level)
    remove_scratch(scratch)
    print(robustness.summary_line(rows))


def read_params() -> tuple[Robustness, Bootstrap, Run]:
    """The sections that this stage reads, checked.

    Raises:
        InputError: a list names something twice, or a degradation, strength or reference that is not there.
    """
    params, settings = read_section(PARAMS, "robustness", Robustness), read_yaml(PARAMS)
    for name, strength in robustness.all_conditions(params.degradations, params.strengths)[1:]:
        setting_in_words(name, strength)
    for key, entries in (("degradations", params.degradations), ("strengths", params.strengths)):
        if len(set(entries)) < len(entries):
            raise InputError(f"{PARAMS}: robustness.{key} lists one twice: {entries}; remove it")
    compare = {k: v for k, v in settings["compare"].items() if k in Bootstrap.model_fields}
    bootstrap = check_section(compare, Bootstrap, f"{PARAMS}: compare")
    others = {"detectors": settings["detectors"], "aggregate": settings["evaluate"]["aggregate"]}
    run = check_section({**others, "precision": settings["embed"]["precision"]}, Run, str(PARAMS))
    if bootstrap.reference not in run.detectors:
        raise InputError(
            f"{PARAMS}: compare.reference is {bootstrap.reference!r};"
            f" it must be one of `detectors`: {run.detectors}"
        )
    return params, bootstrap, run


def score(
    cell: Cell, material: robustness.Material, frames: FrameStore, params: Robustness, run: Run
) -> tuple[robustness.Scores, Path]:
    """Scores under every condition, and the scratch folder that holds the finished ones."""
    base = read_section(PARAMS, "encoder", EncoderSection)
    compute_deterministically(seed=0)
    folders = {name: MODELS / name / cell.name for name in run.detectors}
    with robustness.open_detectors(folders) as scorers:
        files = [path for folder in (*folders.values(), Path(base.model)) for path in folder.rglob("*")]
        inputs = [
            SPLITS / cell.split / cell.train_set / "test.csv",
            FRAMES / "index.csv",
            FRAMES / "meta.json",
        ]
        inputs += [*project_code(), *(path for path in files if path.is_file())]
        settings = {**params.model_dump(), **base.model_dump(), **run.model_dump()}
        places = {"cell": cell, "keys": list(material.table["key"]), "device": choose_device()}
        scratch = scratch_folder("robustness", fingerprint({**settings, **places}, inputs))
        scores = robustness.score_conditions(
            material,
            robustness.all_conditions(params.degradations, params.strengths),
            scorers,
            frames=frames,
            embed=robustness.frozen_encoder(
                **base.model_dump(), precision=run.precision, frame_size=frames.size
            ),
            batch_size=params.batch_size,
            seed=params.seed,
            workers=n_workers(),
            scratch=scratch,
        )
    return scores, scratch


def write_all(head: dict[str, Any], rows: list[dict[str, Any]], level: str) -> None:
    """Write the table; a curve a detector, and the same cut up by degradation for `dvc plots`."""
    write_json(METRICS, {**head, "rows": rows})
    for detector in head["detectors"]:
        curve = robustness.curve(rows, detector)
        write_curve(CURVES / level / f"{detector}.csv", curve)
        for name in head["degradations"]:
            part = curve[curve["degradation"] == name].drop(columns="degradation")
            write_curve(CURVES / level / name / f"{detector}.csv", part)


def write_curve(path: Path, table: pd.DataFrame) -> None:
    """Write a curve for `dvc plots`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n", float_format="%.9g")


if __name__ == "__main__":
    with one_line_errors():
        if len(sys.argv) != 4:
            raise InputError(
                "usage: python -m stages.robustness SPLIT TRAIN_SET SEED, such as grouped FaceSwap 42"
            )
        main(*sys.argv[1:])
