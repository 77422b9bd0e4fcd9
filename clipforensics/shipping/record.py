"""conversion.json: what a converted detector was made from and with; and the files that it takes along."""

import shutil
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from clipforensics.adaptation.record import CHOICES, RECORD
from clipforensics.encoder.vision import Preprocessing
from clipforensics.publishing.digests import digest
from clipforensics.publishing.files import FACE_DETECTOR, FRAMES, POINT, VALIDATION
from clipforensics.shipping.agreement import Agreement
from clipforensics.shipping.trained import Trained

ALONG = (POINT, FRAMES, VALIDATION, CHOICES, FACE_DETECTOR)
"""Files of a package that are as right for the converted detector, where they are there."""


def take_along(folder: Path, out: Path, more: Sequence[str] = ()) -> None:
    """Copy what is as right for the converted detector."""
    for name in (*ALONG, *more):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)


def conversion(
    trained: Trained, form: str, found: Agreement, packages: Sequence[str], **more: Any
) -> dict[str, Any]:
    """Content of conversion.json; the same from the same package and versions.

    Args:
        trained: What was converted.
        form: What into.
        found: How it was compared.
        packages: Whose versions are named.
        more: What this form has to say beside.

    Returns:
        `form`; `detector`, the package's detector.json; `source`, the sha256 of detector.json and of each
        file with weights; `preprocessing`; what is in `more`; `checked` and `versions`.
    """
    return {
        "form": form,
        "detector": trained.about,
        "source": {
            path.relative_to(trained.folder).as_posix(): digest(path) for path in sources(trained.folder)
        },
        "preprocessing": as_json(trained.preprocessing),
        **more,
        "checked": {
            "frames": found.n_frames,
            "log_odds_apart": found.log_odds,
            "scores_apart": found.scores,
        },
        "versions": {package: version(package).split("+")[0] for package in packages},
    }


def sources(folder: Path) -> Iterator[Path]:
    """detector.json, and files with weights of a package and of the encoder in it."""
    yield folder / RECORD
    for pattern in ("*.safetensors", "encoder/*.safetensors", "encoder/*.bin"):
        yield from sorted(folder.glob(pattern))


def as_json(preprocessing: Preprocessing) -> dict[str, Any]:
    """How a picture of any size is prepared: `clipforensics.core.fitting.Fitting`, then mean and std."""
    fitting = preprocessing.fitting
    return {
        "size": fitting.size,
        "resample": fitting.resample,
        "squash": fitting.squash,
        "edge": fitting.edge,
        "mean": list(preprocessing.mean),
        "std": list(preprocessing.std),
    }
