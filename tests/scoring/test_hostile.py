"""Packages of strangers, as `Detector` opens them: what their own room does not read."""

import os
import shutil

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.scoring.detector import Detector
from clipforensics.scoring.places import find_package
from tests.support.hostile_packages import claims, edit, holds, waits
from tests.support.scoring_packages import AROUND, write_scoring_package

NUMBERS = "[" + ",".join(["0.5"] * 8_000_000) + "]"
PIPES = ("validation.json", "operating_point.json", "frames.json", "likeness.safetensors")

HOSTILE = {
    **{f"a pipe as {name}": (waits(name), "is no regular file") for name in PIPES},
    "a likeness of a terabyte": (
        claims("likeness.safetensors", components=(10**6, 250_000)), "is larger than any embedding's",
    ),
    "a likeness of other shapes": (
        claims(
            "likeness.safetensors",
            **{"mean": (16,), "components": (2, 3), "variances": (2,), "rest": (1,), "reference": (3,)},
        ),
        "its shapes do not fit each other",
    ),
    "a validation of 50 MB": (
        holds("validation.json", f'{{"is_toy": {NUMBERS}{NUMBERS}}}'), "has more than 33554432 bytes",
    ),
    "frames of 2 MB": (holds("frames.json", " " * 2**21 + "{}"), "has more than 1048576 bytes"),
    "a million frames a video": (lambda folder: edit(folder / "frames.json", frames_per_video=10**6), "4096"),
    "a threshold of NaN": (
        lambda folder: (folder / "operating_point.json").write_text(
            (folder / "operating_point.json").read_text().replace('"threshold": 0.5', '"threshold": NaN')
        ),
        "threshold.*finite",
    ),
    "a face detector that is a pipe": (
        lambda folder: (
            edit(folder / "frames.json", faces=AROUND | {"weights": "face_detector.onnx"}),
            os.mkfifo(folder / "face_detector.onnx"),
        ),
        "is no regular file",
    ),
    "a face detector on the hub": (
        lambda folder: edit(
            folder / "frames.json",
            faces=AROUND | {"weights": "a/b", "weights_file": "c.onnx", "revision": "0" * 40},
        ),
        "is on the hub, at 0{40}, and not in the local cache; add --fetch",
    ),
    "a face detector that is a device": (
        lambda folder: edit(folder / "frames.json", faces=AROUND | {"weights": "/dev/zero"}), "is no file",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return write_scoring_package(tmp_path_factory.mktemp("made") / "package")


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_in_one_line(name, sound, tmp_path):
    damage, words = HOSTILE[name]
    folder = shutil.copytree(sound, tmp_path / "package")
    damage(folder)
    with pytest.raises(InputError, match=words) as told:
        Detector.from_place(find_package(str(folder)))
    assert "\n" not in str(told.value)


def test_a_network_on_the_hub_is_fetched_where_that_is_asked_for(sound, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = shutil.copytree(sound, tmp_path / "package")
    faces = AROUND | {"weights": "a/b", "weights_file": "c.onnx", "revision": "0" * 40}
    write_json(folder / "frames.json", read_json(folder / "frames.json") | {"faces": faces})
    asked = []
    monkeypatch.setattr("clipforensics.faces.weights.ask_for", lambda *given, **_: asked.append(given[0]))
    monkeypatch.setattr(
        "clipforensics.faces.weights.hf_hub_download", lambda *_, **__: str(tmp_path / "none")
    )
    with pytest.raises(InputError, match="cannot be read"):
        Detector.from_pretrained(folder, fetch=True)
    assert asked == ["a/b"]


def test_a_sound_one_opens(sound):
    assert np.isfinite(Detector.from_pretrained(sound).score_frames(np.zeros((1, 32, 32, 3), np.uint8))).all()
