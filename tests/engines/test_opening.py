"""An encoder that is opened elsewhere embeds to the same bytes, or says why it would not."""

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from benchmarks.material import TOY, write_clip
from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.engines import opening
from clipforensics.engines.choosing import versions
from clipforensics.engines.opening import Opened, open_encoder
from tests.support.engines import skip_without
from tests.support.packages import skip_without_onnx
from tests.support.repository import ROOT

FRAMES = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return opened_by("eager", tmp_path_factory.mktemp("opening"))


def opened_by(engine: str, folder: Path) -> Opened:
    write_clip(folder / "clip", TOY)
    return open_again(folder, engine)


def open_again(folder: Path, engine: str = "eager") -> Opened:
    shipped = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["embed"] | {"engine": engine}
    base = EncoderSection(model=str(folder / "clip"), revision="local", embedding="projected")
    return open_encoder(EmbedSection.model_validate(shipped), base, Fitting(64), folder / "engine")


def test_opened_here_and_from_a_pickle_it_embeds_to_the_same_bytes(opened: Opened) -> None:
    there = pickle.loads(pickle.dumps(opened.elsewhere.open))()
    assert there(FRAMES).tobytes() == opened.embed(FRAMES).tobytes()
    assert opened.embed(FRAMES).shape == (3, opened.width)


def test_a_processor_that_rounds_otherwise_is_refused(opened: Opened) -> None:
    elsewhere = replace(opened.elsewhere.open, arithmetic={**opened.arithmetic, "torch": "0.1"})  # type: ignore[type-var]
    with pytest.raises(InputError, match=rf"computes with torch {torch.__version__[:4]}.*bytes would differ"):
        elsewhere()


def test_another_version_of_the_engine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_without_onnx()
    there = opened_by("onnxruntime", tmp_path).elsewhere.open
    assert there()(FRAMES).shape[0] == 3
    monkeypatch.setattr(opening, "versions", lambda engine: {**versions(engine), "onnxruntime": "0.1"})
    with pytest.raises(InputError, match=r"computes with onnxruntime 0\.1, .*bytes would differ"):
        there()


OPENED = """
import sys, tempfile
from pathlib import Path
from tests.engines.test_opening import FRAMES, opened_by
opened = opened_by(sys.argv[1], Path(sys.argv[2]))
(temporary := Path(sys.argv[2]) / "tmp").mkdir()
tempfile.tempdir = str(temporary)
there = opened.elsewhere.open()
assert not list(temporary.iterdir())
assert there(FRAMES).tobytes() == opened.embed(FRAMES).tobytes()
"""


@pytest.mark.parametrize("engine", ["compile", "onnxruntime", "openvino"])
def test_what_an_engine_writes_elsewhere_does_not_stay_and_is_not_missed(engine: str, tmp_path: Path) -> None:
    """In a process of its own, as on a node."""
    skip_without(engine)
    command = [sys.executable, "-c", OPENED, engine, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("what", ["weights", "config"])
def test_other_weights_or_another_config_are_refused(opened: Opened, what: str) -> None:
    digests = {**opened.elsewhere.open.digests, f"{what}_sha256": "0" * 64}  # type: ignore[attr-defined]
    elsewhere = replace(opened.elsewhere.open, digests=digests)  # type: ignore[type-var]
    with pytest.raises(InputError, match=rf"has other {what} of .*; delete its copy"):
        elsewhere()


CHANGES = {
    "preprocessor_config.json": {"image_mean": [0.0, 0.0, 0.0]},
    "config.json": {"layer_norm_eps": 1e-2},
}


@pytest.mark.parametrize("file", CHANGES)
def test_what_is_remembered_is_another_where_config_or_preprocessing_are(file: str, tmp_path: Path) -> None:
    """So nothing is taken over from before the change."""
    before = opened_by("eager", tmp_path)
    path = tmp_path / "clip" / file
    content = json.loads(path.read_text())
    (content["vision_config"] if file == "config.json" else content).update(CHANGES[file])
    path.write_text(json.dumps(content))
    after = open_again(tmp_path)
    assert (after.embed(FRAMES) != before.embed(FRAMES)).any()
    assert {name for name in after.about if after.about[name] != before.about[name]} == {"config_sha256"}


def test_it_takes_as_many_processors_of_a_node_as_it_has_threads_here(opened: Opened) -> None:
    assert (opened.elsewhere.share.cpus, opened.elsewhere.share.gpus) == (torch.get_num_threads(), 0)


def test_what_is_remembered_names_settings_and_weights(opened: Opened, tmp_path: Path) -> None:
    assert set(opened.about) >= {
        "model",
        "revision",
        "batch_size",
        "engine",
        "weights_sha256",
        "config_sha256",
    }
