"""Train LoRA on the encoder's vision tower, choosing the checkpoint on validation."""

import sys
from pathlib import Path

import pandas as pd
from pydantic import Field

from clipforensics.cells import Cell, read_split
from clipforensics.detectors import lora
from clipforensics.devices import choose_device, compute_deterministically
from clipforensics.encoder import EncoderSection, load_preprocessing, load_vision_tower, weights_digest
from clipforensics.faults import InputError, one_line_errors
from clipforensics.frames import FrameStore
from clipforensics.params import Section, read_section
from clipforensics.scratch import fingerprint, project_code, remove_scratch, scratch_folder

PARAMS = Path("params.yaml")
SPLITS = Path("data/splits")
FRAMES = Path("data/frames")
OUT = Path("models/lora")
CURVES = Path("plots/train_lora")


class TrainLora(Section):
    """Section `train_lora` of params.yaml."""

    r: int = Field(ge=1)
    alpha: float = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    target_modules: list[str] = Field(min_length=1)
    class_weight: str = Field(pattern="^(balanced|none)$")
    precision: str = Field(pattern="^(auto|float32|bfloat16)$")
    epochs: int = Field(ge=1)
    patience: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    frames_per_video: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    head_learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_fraction: float = Field(ge=0, lt=1)


def main(split: str, train_set: str, seed: str) -> None:
    """Read frames of train and validation, fit, write adapter, head and learning curve."""
    cell = Cell.parse(split, train_set, seed)
    params = read_section(PARAMS, "train_lora", TrainLora)
    base = read_section(PARAMS, "encoder", EncoderSection)
    frames = FrameStore.open(FRAMES)
    parts = [SPLITS / split / train_set / "train.csv", SPLITS / split / train_set / "val.csv"]
    train, val = (frames.rows.labelled(read_split(part)) for part in parts)
    compute_deterministically(cell.seed)
    tower = load_vision_tower(base.model, base.revision)
    preprocessing = load_preprocessing(base.model, base.revision, frame_size=frames.size)
    settings = {"seed": cell.seed, "device": choose_device(), "weights": weights_digest(tower)}
    inputs = [*parts, FRAMES / "index.csv", FRAMES / "meta.json", *project_code()]
    work = fingerprint({**params.model_dump(), **base.model_dump(), **settings}, inputs)
    scratch = scratch_folder("train_lora", work)
    detector, progress = lora.fit(
        frames,
        train,
        val,
        tower=tower,
        preprocessing=preprocessing,
        embedding=base.embedding,
        seed=cell.seed,
        state=scratch / "state",
        **params.model_dump(),
    )
    lora.save(detector, OUT / cell.name, base=base.model_dump(), progress=progress)
    curve = CURVES / f"{cell.name}.csv"
    curve.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(progress.curve).to_csv(curve, index=False, lineterminator="\n")
    remove_scratch(scratch)
    auc = progress.best_rank[0]
    print(f"best epoch {progress.best_epoch} of {progress.epoch}: validation video AUC {auc:.4f}")


if __name__ == "__main__":
    with one_line_errors():
        if len(sys.argv) != 4:
            raise InputError(
                "usage: python -m stages.train_lora SPLIT TRAIN_SET SEED, such as per_class FaceSwap 42"
            )
        main(*sys.argv[1:])
