"""How frames were drawn from the footage that a run's detectors were trained on, by its settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from clipforensics.core.files import read_json
from clipforensics.core.fitting import Fitting, Resample
from clipforensics.core.params import read_raw, read_value, read_yaml
from clipforensics.core.records import data_set_of
from clipforensics.machine.kernels import asks_for_portable
from clipforensics.publishing.model import TrainingFootage

FINDING = ("weights", "weights_file", "revision", "sha256", "detect_size", "min_score", "stride")
CUTTING = ("person", "margin", "align", "without_face")
"""Settings by which whoever scores a video with the model cuts its frames in the same way."""


def read_footage(params: Path, profiles: Path, faces: Path) -> TrainingFootage:
    """What the detectors of a run were trained on, by its settings.

    Args:
        params: params.yaml.
        profiles: Folder of the data sets' profiles.
        faces: metrics/faces.json.
    """
    name, looked = read_value(params, "", "dataset", str), read_json(faces)
    found, cut = read_raw(params, "faces"), read_raw(params, "extract_frames")
    cutting = (*CUTTING, "min_share") if cut["person"] == "every" else CUTTING
    used = {**{key: found[key] for key in FINDING}, **{key: cut[key] for key in cutting}}
    return TrainingFootage(
        dataset=name,
        is_sample=read_yaml(profiles / f"{name}.yaml").get("layout") == "sample",
        n_frames=read_value(params, "extract_frames", "n_frames", int),
        fitting=Fitting(
            read_value(params, "extract_frames", "frame_size", int),
            cast(Resample, read_value(params, "extract_frames", "resample", str)),
            read_value(params, "extract_frames", "squash", bool),
            read_value(params, "extract_frames", "resize_edge", int),
        ),
        faces={"detector": looked["detector"], **used} if was_cut(looked["rows"]) else None,
        portable=asks_for_portable(params, profiles),
    )


def was_cut(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether faces were looked for in the data set that was trained on, and not in others alone."""
    return any(not data_set_of(row["manipulation"]) for row in rows)
