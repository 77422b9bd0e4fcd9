"""The score of a file is the one that the pipeline gave it: real footage, faces on, from video to package."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from clipforensics.core.records import read_videos
from tests.support.faces import YUNET, needs_yunet
from tests.support.repository import ROOT, merge
from tests.support.shared_data import ENCODERS, FOOTAGE, needs_shared
from tests.support.training_tasks import PARAMS

ENCODER = ENCODERS / "vit-tiny-clip-layout"
CELL = "grouped/SadTalker-42"
STAGES = (
    "ingest", "find_faces", "extract_frames", "split grouped SadTalker", "embed_people", "embed",
    "train {} grouped SadTalker 42", "evaluate {} grouped SadTalker 42", "extract_background",
    "embed_controls", "compare", "controls", "package",
)  # fmt: skip
RUN = """
import importlib, sys
from stages import check
check.main()
for words in sys.argv[1:]:
    name, *given = words.split()
    importlib.import_module(f"stages.{name}").main(*given)
"""

pytestmark = [
    pytest.mark.slow,
    needs_shared,
    needs_yunet,
    pytest.mark.skipif(not ENCODER.is_dir(), reason=f"no encoder at {ENCODER}"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """All real clips and all fakes of two kinds, three frames a video, one epoch."""
    folder = tmp_path_factory.mktemp("footage") / "project"
    (folder / "footage").mkdir(parents=True)
    table = pd.read_csv(FOOTAGE / "videos.csv", na_filter=False, dtype=str)
    chosen = pd.concat(
        [table[table["label"] == "0"], table[table["manipulation"].isin(["SadTalker", "GHOST"])]]
    )
    chosen.to_csv(folder / "footage/videos.csv", index=False)
    for path in chosen["path"]:
        (folder / "footage" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FOOTAGE / path, folder / "footage" / path)
    shutil.copytree(ROOT / "conf", folder / "conf")
    (folder / "params.yaml").write_text(yaml.safe_dump(_params(), sort_keys=False))
    stages = [one.format(name) for one in STAGES for name in (("baseline", "lora") if "{}" in one else ("",))]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN, *stages],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "FOOTAGE_ROOT": str(folder / "footage")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def _params():
    changes = {
        "dataset": "footage",
        "protocol": {
            "splits": ["grouped"], "train_sets": ["SadTalker"], "test_manipulations": ["GHOST"],
            "seeds": [42],
        },
        "detectors": ["baseline", "lora"],
        "faces": {"weights": str(YUNET)},
        "extract_frames": {"n_frames": 3, "frame_size": 224},
        "split": {"grouped_fractions": [0.3, 0.2, 0.5]},
        "encoder": {"model": str(ENCODER)},
        "train": {"pixels": {"epochs": 1, "patience": 1, "frames_per_video": 1}},
        "compare": {"n_replicates": 20},
        "controls": {"enabled": "never"},
    }  # fmt: skip
    return merge(PARAMS, changes)


@pytest.mark.parametrize("name", ["baseline", "lora"])
def test_frame_by_frame_and_video_by_video(project, name):
    videos = {video.key: video for video in read_videos(project / "data/videos.csv")}
    scores = pd.read_csv(project / f"data/scores/{name}/{CELL}.csv")
    keys = list(dict.fromkeys(scores[scores["part"] == "test"]["key"]))
    done = subprocess.run(
        [sys.executable, "-m", "clipforensics", "score", "--json", "--model", f"models/{name}/{CELL}",
         *(f"footage/{videos[key].path}" for key in keys)],
        cwd=project, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    found = json.loads(done.stdout)["videos"]
    assert len(found) == len(keys) > 5
    for key, verdict in zip(keys, found, strict=True):
        expected = scores[scores["key"] == key].sort_values("frame")
        main = verdict["people"][0]["person"]
        frames = [one for one in verdict["frames"] if one["person"] == main]
        assert [one["frame"] for one in frames] == expected["frame"].tolist()
        assert [one["score"] for one in frames] == pytest.approx(expected["score"].tolist(), abs=1e-6)
        assert verdict["score"] == pytest.approx(expected["score"].mean(), abs=1e-6)
        assert verdict["exhibit"]["sha256"] == videos[key].sha256
        assert verdict["frames"][0]["box"]


def test_a_package_carries_the_face_detector_and_no_path_of_this_machine(project):
    folder = project / "models/lora" / CELL
    assert (folder / "face_detector.onnx").read_bytes() == YUNET.read_bytes()
    assert json.loads((folder / "frames.json").read_text())["faces"]["weights"] == "face_detector.onnx"
    for path in folder.glob("*.json"):
        assert str(YUNET.parent) not in path.read_text()
    with contextlib.chdir("/"):
        from clipforensics.scoring.detector import Detector

        assert Detector.from_pretrained(folder).score(Path(FOOTAGE / "real/ghost_orig.webm")).score
