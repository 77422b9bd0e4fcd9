"""A small project in a folder, carried by the real stages from a split to trained and compared detectors."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from clipforensics.core.files import write_json
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video, write_records
from clipforensics.crops.person import Crop
from clipforensics.frames.store import FrameStore
from stages import compare, controls, embed, embed_controls, evaluate, package, split, train
from tests.support.repository import ROOT, edit_yaml, merge
from tests.support.stores import noise_videos, write_frame_store
from tests.support.training_tasks import PARAMS, QUICK, SIZE, write_two_towers

N_PEOPLE, N_FRAMES = 12, 2
CELL = "per_class/FaceSwap-42"
PROTOCOL = {
    "splits": ["per_class"],
    "train_sets": ["FaceSwap"],
    "test_manipulations": ["Deepfakes"],
    "seeds": [42],
}
SPLIT = {"real_fractions": [0.5, 0.25, 0.25], "train_fractions": [0.75, 0.25]}

RUN_CARDS = """
import json, os, re, sys
from pathlib import Path
if sys.argv[1] == "plain":
    sys.modules["clipforensics"] = None  # importing it fails
from PIL import Image
found = {}
for folder in sys.argv[2:]:
    os.chdir(folder)
    card = Path("README.md").read_text(encoding="utf-8")
    names = {}
    for code in re.findall("^```python$(.*?)^```$", card, re.S | re.M):
        exec(compile(code, "README.md", "exec"), names)
    pictures = [Image.open(path) for path in sorted(Path("frames").glob("*.png"))]
    scores = [float(score) for score in names["score"](pictures)]
    found[folder] = {"scores": scores, "verdict": names["judge"](pictures[:2])}
print(json.dumps(found))
"""


def make_project(
    folder: Path,
    detectors: Sequence[str],
    settings: Mapping[str, Any] | None = None,
    n_pairs: int = 0,
    *,
    write: Callable[[Path], Path] = write_two_towers,
    fitting: Fitting | None = None,
    apart: bool = False,
) -> Path:
    """Twelve people, real, face-swapped and deepfaked; frames, embeddings, splits, detectors, metrics.

    Args:
        folder: Where.
        detectors: All are trained, on every split and seed.
        settings: What differs from the shipped params.yaml beside the size of things.
        n_pairs: So many pairs of people, swapped both ways, so that identities can be parted; 0: a ring of
            twelve, which no split by identity can part.
        write: Writes the encoder to a folder.
        fitting: As that encoder wants its frames, CLIP's if not given; they are noise of that size.
        apart: Whether every frame shows two people, stored apart: person 1 is the main one. The other is
            noise that does not differ between the classes.
    """
    people = [f"{i:03d}" for i in range(2 * n_pairs or N_PEOPLE)]
    fakes = list(zip(people, people[1:] + people[:1], strict=True))
    if n_pairs:
        fakes = [pair for one in fakes[::2] for pair in (one, one[::-1])]
    videos = [_video("real", p, "") for p in people]
    videos += [_video(name, *pair) for name in ("FaceSwap", "Deepfakes") for pair in fakes]
    noise = noise_videos(2 * len(videos), frames=N_FRAMES, size=SIZE, shift=20)
    looks = {video.key: noise[f"v{2 * i + video.label}"] for i, video in enumerate(videos)}
    whose = {}
    if apart:
        others = noise_videos(len(videos), frames=N_FRAMES, size=SIZE, seed=7, shift=0)
        looks = {key: np.concatenate([looks[key], others[f"v{i}"]]) for i, key in enumerate(looks)}
        whose = {key: [(frame, person) for person in (1, 0) for frame in range(N_FRAMES)] for key in looks}
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(folder):
        write_records(Path("data/videos.csv"), Video, videos)
        write_frame_store(Path("data/frames"), looks, per_shard=100, fitting=fitting, apart=whose)
        write_records(Path("data/frames/crops.csv"), Crop, [])
        write_json(Path("data/metrics/faces.json"), {"detector": "none", "rows": [], "reason": "none wanted"})
        write(Path("data/sample/clip"))
        write_settings(detectors, settings or {})
        embed.main()
        protocol = yaml.safe_load(Path("params.yaml").read_text())["protocol"]
        for name in protocol["splits"]:
            split.main(name, "FaceSwap")
        for name, *cell in product(detectors, protocol["splits"], protocol["seeds"]):
            train.main(name, cell[0], "FaceSwap", str(cell[1]))
            evaluate.main(name, cell[0], "FaceSwap", str(cell[1]))
        compare.main()
        embed_controls.main()
        controls.main()
    return folder


def write_settings(detectors: Sequence[str], settings: Mapping[str, Any]) -> None:
    """params.yaml as it is shipped but for the size of things and `settings`; and the sample's profile."""
    Path("conf/data").mkdir(parents=True)
    Path("conf/data/sample.yaml").write_text((ROOT / "conf/data/sample.yaml").read_text())
    changes = {
        "detectors": list(detectors),
        "protocol": PROTOCOL,
        "extract_frames": {"n_frames": N_FRAMES, "frame_size": SIZE},
        "split": SPLIT,
        "train": QUICK,
        "compare": {"n_replicates": 20},
        "methods": {"bitfit": {"learning_rate": 0.001}},  # at the shipped rate noise videos all score alike
    }
    content = merge(merge(PARAMS, changes), dict(settings))
    Path("params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def make_packages(folder: Path, **settings: bool) -> None:
    """Run the stage, with changes of its section."""
    with contextlib.chdir(folder):
        edit_yaml(Path("params.yaml"), {"package": settings})
        package.main()


def add_frames(project: Path, model: Path, n: int = 8) -> np.ndarray:
    """Put the first test frames into `frames/` of a packaged model as pictures; what evaluate scored them."""
    name = model.relative_to(project / "models").parts[0]
    scores = pd.read_csv(project / f"data/scores/{name}/{CELL}.csv")
    chosen = scores[scores["part"] == "test"][:n]
    store = FrameStore.open(project / "data/frames")
    (model / "frames").mkdir()
    for number, (key, frame) in enumerate(zip(chosen["key"], chosen["frame"], strict=True)):
        rows = store.rows_of([key])
        picture = store.read(rows[store.rows.frames[rows] == frame])[0]
        Image.fromarray(picture).save(model / f"frames/{number:03d}.png")
    return chosen["score"].to_numpy()


def run_cards(models: Iterable[Path], *, plain: bool) -> dict[Path, dict]:
    """Run cards' code in a fresh process, each in its folder: scores of `frames/`, verdict on the first two.

    Args:
        models: Packaged models.
        plain: Whether importing this project fails there.
    """
    folders = [str(model.resolve()) for model in models]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN_CARDS, "plain" if plain else "library", *folders],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    return {model: found[str(model.resolve())] for model in models}


def code_of(card: str) -> str:
    """The Python of a card."""
    return "\n".join(re.findall(r"^```python$(.*?)^```$", card, re.S | re.M))


def _video(manipulation: str, target: str, source: str) -> Video:
    label = int(manipulation != "real")
    path = f"{manipulation}/{target}_{source}.mp4"
    return Video("sample", manipulation, "c23", target, source, "", label, "", "", path, sha256=path)
