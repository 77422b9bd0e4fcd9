"""Train one method on one cell, choosing on validation."""

import sys
from pathlib import Path

import pandas as pd

from clipforensics.adaptation.choice import choose, in_words
from clipforensics.adaptation.contract import find_detector
from clipforensics.core.faults import InputError, run_command
from clipforensics.core.params import read_section
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.encoder.vision import EncoderSection, encoder_files
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device
from clipforensics.machine.scratch import fingerprint, project_code, remove_scratch
from clipforensics.protocol.cells import Cell
from clipforensics.protocol.tables import read_split, write_curve
from clipforensics.training.budget import TrainSection
from clipforensics.training.candidates import read_candidates
from clipforensics.training.costs import write_cost
from clipforensics.training.launching import relaunch
from clipforensics.training.processes import shared_scratch, together
from clipforensics.training.sampling import unpaired
from clipforensics.training.task import Task

PARAMS = Path("params.yaml")
SPLITS = Path("data/splits")
FRAMES = Path("data/frames")
EMBEDDINGS = Path("data/embeddings")
OUT = Path("data/weights")
CURVES = Path("plots/train")


def main(detector: str, split: str, train_set: str, seed: str) -> None:
    """Read stores and the parts train and validation, fit, write weights and learning curve."""
    cell, method = Cell.parse(split, train_set, seed), find_detector(detector)
    budget = read_section(PARAMS, "train", TrainSection)
    section, most = f"methods.{detector}", budget.choice.max_runs
    candidates = read_candidates(PARAMS, section, method.settings, max_runs=most)
    encoder = read_section(PARAMS, "encoder", EncoderSection).model_dump()
    frames, embeddings = FrameStore.open(FRAMES), EmbeddingStore(EMBEDDINGS)
    parts = [SPLITS / split / train_set / f"{part}.csv" for part in ("train", "val")]
    train, val = (frames.rows.labelled(read_split(path), main=path == parts[0]) for path in parts)
    work = {"detector": detector, "seed": cell.seed, "encoder": encoder, "device": choose_device().type}
    work |= {"budget": budget.model_dump(), "settings": [one.settings.model_dump() for one in candidates]}
    inputs = [*parts, *frames.files, *embeddings.files, *encoder_files(encoder["model"]), *project_code()]
    if budget.sampling == "paired":
        real, manipulated = unpaired(train.table)
        print(f"train.sampling is paired: {real} real, {manipulated} manipulated videos have no partner")
    with together() as processes:
        if method.reads == "embeddings" and processes.count > 1:
            raise InputError(
                f"{detector} trains in seconds in one process; {processes.count} were launched, launch one"
            )
        scratch = shared_scratch("train", lambda: fingerprint(work, inputs), processes)
        task = Task(frames, embeddings, train, val, encoder, budget, cell.seed, scratch, processes)
        folder = OUT / cell.name / detector
        choice = choose(method, task, candidates, folder)
        if not processes.first:
            return
        write_curve(CURVES / detector / f"{cell.name}.csv", pd.DataFrame(choice.kept.curve))
        write_cost(detector, cell.name, folder, processes=processes.count, **choice.spent())
        remove_scratch(scratch)
    print(f"{detector}: {in_words(choice, candidates)}")


def launch(detector: str, split: str, train_set: str, seed: str) -> None:
    """Train here, or as the machine's launcher says: methods on pixels alone are worth several processes."""
    if find_detector(detector).reads == "pixels":
        relaunch("stages.train", sys.argv[1:])
    main(detector, split, train_set, seed)


if __name__ == "__main__":
    run_command(launch, example="--detector lora --split grouped --train_set FaceSwap --seed 42")
