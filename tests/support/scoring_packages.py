"""Packages made by hand, with the validation that a test wants; their encoder is drawn and has 32 pixels."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from clipforensics.core.files import read_json, write_json
from clipforensics.encoder import vision
from clipforensics.footage.pictures import resize_and_crop
from clipforensics.likelihood.calibrate import LogisticLR
from clipforensics.likelihood.elub import Bounds
from clipforensics.likelihood.likeness import fit_likeness, video_embedding
from clipforensics.likelihood.models import Ratios
from clipforensics.likelihood.saved import abstention_as_json, ratios_as_json
from clipforensics.likelihood.words import propositions
from clipforensics.publishing.encoders import find_encoder
from clipforensics.publishing.opening import open_package
from clipforensics.publishing.validation import write_likeness
from tests.encoder.test_vision import write_encoder
from tests.support.clips import decode_all, make_clip
from tests.support.faces import YUNET, YUNET_SHA256
from tests.support.saved_detectors import save_lora, save_probe

AROUND = {
    "detector": "yunet", "weights": str(YUNET), "weights_file": "", "revision": "", "sha256": YUNET_SHA256,
    "detect_size": 640, "min_score": 0.6, "stride": 1, "person": "largest", "margin": 1.3, "align": False,
    "without_face": "skip",
}  # fmt: skip

CODECS = {"h264": 30}


def write_scoring_package(
    folder: Path,
    *,
    method: str = "baseline",
    usable: bool = True,
    around: dict[str, Any] | None = None,
    n_frames: int = 4,
    n_val: int = 30,
    face_size: tuple[int, int] | None = None,
    like: str = "anything",
    encoder: Path | None = None,
    width: int = 16,
    **validation: Any,
) -> Path:
    """A probe, or LoRA, on a drawn encoder; of its validation scores reals lie around .2, fakes around .8.

    Args:
        folder: To write.
        method: `baseline` or `lora`.
        usable: Whether validation is said to be ranked better than by chance.
        around: How faces are cut; None: whole frames.
        n_frames: A video.
        n_val: Validation videos, half of them fake, each of a person of its own.
        face_size: Least and most of training.
        like: Training looked like `anything`, like `clips` (tests.support.clips), or cannot be told: ``.
        encoder: Of another size, already written; its embeddings have `width` numbers.
        width: Of an embedding.
        validation: What differs in validation.json.
    """
    encoder = encoder or write_encoder(folder.parent / f"{folder.name}-encoder")
    if method == "lora":
        save_lora(folder, encoder)
    else:
        save_probe(folder, np.random.default_rng(3).normal(0, 8, width), 0.0, encoder)
    shutil.copytree(encoder, folder / "encoder")
    about = read_json(folder / "detector.json")
    digest = find_encoder(str(encoder), "local").revision
    write_json(
        folder / "detector.json",
        about | {"encoder": about["encoder"] | {"model": "encoder", "revision": digest}},
    )
    shutil.copyfile(encoder / "preprocessor_config.json", folder / "preprocessor_config.json")
    write_json(
        folder / "frames.json", {"frames_per_video": n_frames, **({"faces": around} if around else {})}
    )
    write_json(folder / "operating_point.json", _point(usable))
    write_json(folder / "validation.json", _validation(n_val, usable, face_size) | validation)
    write_likeness(folder / "likeness.safetensors", _likeness(folder, like, n_val, width))
    (folder / "README.md").write_text("# A detector\n")
    return folder


def _point(usable: bool) -> dict[str, Any]:
    fitted = {"method": "platt", "slope": 1.0, "intercept": 0.0, "clip": 1e-7}
    video = {"threshold": 0.5, "calibration": fitted, "prior": 0.5, "n_real": 15, "n_fake": 15}
    rates = {rule: {"threshold": 0.5, "validation_fpr": 0.1, "validation_tpr": 0.9} for rule in ("eer",)}
    reason = "" if usable else "validation is ranked the wrong way round: AUC 0.333 [0.100, 0.480]"
    video |= {"thresholds": rates, "usable": usable, "reason": reason}
    return {"pooling": "mean", "rule": "eer", "fpr_budget": 0.1, "video": video, "frame": video}


def _validation(n: int, usable: bool, face_size: tuple[int, int] | None) -> dict[str, Any]:
    labels = np.arange(n) % 2
    scores = np.clip(0.2 + 0.6 * labels + np.random.default_rng(1).normal(0, 0.1, n), 0.01, 0.99)
    val = SimpleNamespace(scores=scores, labels=labels, groups=np.arange(n))
    ratios = Ratios(LogisticLR(1.0, 0.0), Bounds(-1.0, 1.0)) if usable else Ratios(None, None, "at chance")
    return {
        "is_toy": False,
        "portable": False,
        "propositions": propositions("mine", ["FaceSwap"]),
        "likelihood": ratios_as_json(ratios),
        "abstention": abstention_as_json(val, 0.1),
        "footage": {
            "n_videos": n, "codecs": CODECS, "shorter_side": [32, 64], "n_frames": [8, 30],
            "face_size": None if face_size is None else [*face_size], "digests": [],
        },
        "likeness": {"frames": 4},
    }  # fmt: skip


def _likeness(folder: Path, like: str, n_val: int, width: int):
    """By embeddings of clips, or of clouds so wide that anything lies within."""
    if like != "clips":
        rng = np.random.default_rng(5)
        return fit_likeness(rng.normal(0, 9, (60, width)), rng.normal(0, 9, (n_val if like else 5, width)))
    package, embedded = open_package(folder), []
    tower = vision.load_vision_tower(str(folder / "encoder"), "local")
    for seed in range(1, 61):
        fitting = package.preprocessing.fitting
        clip = make_clip(folder.parent / "clips" / f"{seed}.mp4", seed=seed)
        shown = decode_all(clip)
        frames = np.stack([resize_and_crop(shown[number], fitting) for number in (3, 11, 18, 26)])
        pixels = package.preprocessing.pixels(frames, package.device)
        embedded.append(video_embedding(tower(pixel_values=pixels).image_embeds.detach().numpy()))
    return fit_likeness(np.stack(embedded[:40]), np.stack(embedded[40:]))
