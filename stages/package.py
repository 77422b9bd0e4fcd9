"""Write every trained detector as a folder to hand on: weights, preprocessing, thresholds, model card."""

from itertools import product
from pathlib import Path
from typing import cast

from clipforensics.core.faults import run_command
from clipforensics.core.files import read_json
from clipforensics.core.fitting import Fitting, Resample
from clipforensics.core.params import read_raw, read_section, read_value, read_yaml
from clipforensics.protocol.cells import Protocol
from clipforensics.publishing.folder import PackageSection, write_package
from clipforensics.publishing.model import Records, TrainingFootage, read_model

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
WEIGHTS = Path("data/weights")
EVALUATIONS = Path("data/metrics/evaluate")
LEAKAGE = Path("data/metrics/leakage")
COMPARISON = Path("data/metrics/comparison.json")
FACES = Path("data/metrics/faces.json")
CONTROLS = Path("data/metrics/controls.json")
OUT = Path("models")

FINDING = ("weights", "weights_file", "revision", "sha256", "detect_size", "min_score", "stride")
CUTTING = ("person", "margin", "align", "without_face")
"""Settings by which whoever scores a video with the model cuts its frames in the same way."""


def main() -> None:
    """Read what is known of every cell that params.yaml names (never a glob), write its folder."""
    params, protocol = (
        read_section(PARAMS, "package", PackageSection),
        read_section(PARAMS, "protocol", Protocol),
    )
    detectors = read_value(PARAMS, "", "detectors", list)
    records = Records(WEIGHTS, EVALUATIONS, LEAKAGE, read_json(COMPARISON), read_json(CONTROLS))
    footage = read_footage()
    models = [read_model(*one, records, footage) for one in product(detectors, protocol.cells)]
    for model in models:
        write_package(model, OUT / model.detector / model.cell.name, params)
    print(f"{OUT}: {len(models)} folders, one a detector and cell")


def read_footage() -> TrainingFootage:
    """What the detectors were trained on, by the settings."""
    name, looked = read_value(PARAMS, "", "dataset", str), read_json(FACES)
    found, cut = read_raw(PARAMS, "faces"), read_raw(PARAMS, "extract_frames")
    used = {**{key: found[key] for key in FINDING}, **{key: cut[key] for key in CUTTING}}
    return TrainingFootage(
        dataset=name,
        is_sample=read_yaml(PROFILES / f"{name}.yaml").get("layout") == "sample",
        n_frames=read_value(PARAMS, "extract_frames", "n_frames", int),
        fitting=Fitting(
            read_value(PARAMS, "extract_frames", "frame_size", int),
            cast(Resample, read_value(PARAMS, "extract_frames", "resample", str)),
            read_value(PARAMS, "extract_frames", "squash", bool),
            read_value(PARAMS, "extract_frames", "resize_edge", int),
        ),
        faces={"detector": looked["detector"], **used} if looked["rows"] else None,
    )


if __name__ == "__main__":
    run_command(main)
