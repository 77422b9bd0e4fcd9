"""Pieces of the pipeline, each in a process: `python -m tests.machine.pieces PARAMS PROFILES PIECE...`.

Prints `PIECE DIGEST` for each. The kernels are pinned before anything else is loaded, if PARAMS asks for it,
as a stage does. What is made is small, but made by the code of the pipeline.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from clipforensics.machine import kernels


def digest(folder: Path, *, suffixes: tuple[str, ...] = ("",)) -> str:
    """Of the files with these endings, in the order of their names."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name.endswith(suffixes)]
    assert files
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def videos(folder: Path) -> str:
    """The sample's first four targets, all manipulations."""
    from clipforensics.sample.manipulations import MANIPULATIONS
    from clipforensics.sample.videos import Film, Job, render_target

    film = Film(n_frames=4, size=112, fps=12, crf=23, seed=42, strength=1.0)
    for target, source in ((0, 1), (1, 0), (2, 3), (3, 2)):
        paths = {name: folder / f"{target}{name}.mp4" for name in ("", *MANIPULATIONS)}
        render_target(film, Job(target, source, paths))
    return digest(folder)


def clip(folder: Path) -> str:
    """A tiny CLIP after three steps on the sample's pictures."""
    from clipforensics.sample.pictures import _person
    from clipforensics.sample.tiny_clip import train_tiny_clip

    size = {"frame_size": 112, "size": 64, "n_captions": 3}
    pictures = [picture for number in range(5) for picture in _person(number, seed=42, **size)]
    training = {"seed": 42, "steps": 3, "batch_size": 16, "learning_rate": 0.0015}
    tower = {"image_size": 64, "patch_size": 8, "hidden_size": 96, "n_layers": 4, "n_heads": 4}
    train_tiny_clip(folder / "clip", pictures, **training, **tower, projection=64)
    return digest(folder, suffixes=(".safetensors", "training.json"))


def lora(folder: Path) -> str:
    """LoRA trained on a few videos of noise."""
    from tests.support.pixel_methods import train
    from tests.support.training_tasks import Bench

    train("lora", Bench.make(folder / "bench"), folder / "lora", epochs=2)
    return digest(folder / "lora", suffixes=(".safetensors",))


def baseline(folder: Path) -> str:
    """The linear probe, and its scores of what it has learnt."""
    import numpy as np

    from clipforensics.adaptation.linear_probe import Whitened

    rng = np.random.default_rng(42)
    x, y = rng.standard_normal((1600, 64)), rng.integers(0, 2, 1600)
    probe = Whitened(x, y, "balanced").fit(10.0, 2000)
    return hashlib.sha256(probe.weight.tobytes() + probe.score(x).tobytes()).hexdigest()[:16]


def libraries(folder: Path) -> str:
    """Loops, products, convolutions and square roots of numpy and torch, whose kernels are many."""
    import numpy as np
    import torch

    rng, done = np.random.default_rng(42), hashlib.sha256()
    matrix = rng.standard_normal((300, 400))
    for kind in (np.float32, np.float64):
        values = matrix.astype(kind)
        positive = torch.from_numpy(np.abs(values))
        square = torch.from_numpy(values[:, :300].copy())
        pictures = torch.from_numpy(values[:300, :192].reshape(100, 3, 12, 16).copy())
        kernel = torch.from_numpy(values[:96, :192].reshape(96, 3, 8, 8).copy())
        results = [values @ values.T, values.sum(axis=1), (values.T @ values)[:10]]
        if kind is np.float32:  # in float64 numpy calls the C library's
            results += [np.exp(values), np.log(np.abs(values)), np.sin(values), np.tanh(values)]
        results += [
            (square @ square).numpy(), positive.sqrt().numpy(), positive.log().numpy(),
            positive.exp().numpy(), torch.atan(positive).numpy(), torch.erf(positive).numpy(),
            torch.nn.functional.conv2d(pictures, kernel).numpy(), torch.linalg.svdvals(square).numpy(),
            torch.nn.functional.gelu(square).numpy(), square.softmax(dim=1).numpy(), square.sum().numpy(),
        ]  # fmt: skip
        for result in results:
            done.update(np.ascontiguousarray(result).tobytes())
    return done.hexdigest()[:16]


PIECES = {"videos": videos, "clip": clip, "lora": lora, "baseline": baseline, "libraries": libraries}


def main(params: str, profiles: str, *names: str) -> None:
    kernels.pin(Path(params), Path(profiles))
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            print(name, PIECES[name](Path(folder)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
