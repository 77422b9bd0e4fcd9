"""The stage robustness against bare encoder forwards on the same frames, in the same threads.

`python -m benchmarks.robustness` runs what the stage does after loading (read, degrade, embed, score by the
probe and by LoRA) on the sample's frame size; on the other side stand two forwards of the bare encoder for
every frame, the least that a probe and an adapted encoder can cost. Both sides alternate and their medians
are compared; weights are random: time does not depend on them.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.clock import alternate, show
from clipforensics.alterations.degradations import DEGRADATIONS
from clipforensics.detectors import baseline, lora
from clipforensics.encoder import vision
from clipforensics.frames.store import FrameStore
from clipforensics.machine.workers import n_workers
from clipforensics.robustness import scoring
from clipforensics.training.trainer import Progress
from tests.support.stores import labelled_table, noise_videos, write_frame_store

FLOOR = 0.7
VIDEOS, FRAMES, SIZE, BATCH, REPEATS = 32, 8, 64, 32, 3
SHAPE = {"hidden_size": 96, "intermediate_size": 384, "num_hidden_layers": 4, "num_attention_heads": 4}


def save_models(folder: Path) -> dict[str, Path]:
    """A random encoder of the sample's shape, a probe and LoRA on it; the folders of the detectors."""
    tower = CLIPVisionModelWithProjection(
        CLIPVisionConfig(**SHAPE, image_size=SIZE, patch_size=8, projection_dim=64)
    )
    tower.save_pretrained(folder / "clip")
    CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size=SIZE).save_pretrained(folder / "clip")
    base = {"model": str(folder / "clip"), "revision": "local", "embedding": "projected"}
    options = {"r": 8, "alpha": 16, "dropout": 0.05, "target_modules": ["q_proj", "k_proj"], "seed": 0}
    detector = lora.build(vision.load_vision_tower(base["model"], "local"), **options, embedding="projected")
    lora.save(detector, folder / "lora", base=base, progress=Progress())
    baseline.save(baseline.Probe(np.ones(64), 0.0, 1.0, [(1.0, 0.5, 0.5)]), folder / "baseline")
    return {"baseline": folder / "baseline", "lora": folder / "lora"}


def score_all(
    conditions: list[scoring.Condition],
    scorers: dict[str, scoring.Scorer],
    frames: FrameStore,
    embed: scoring.Embed,
) -> None:
    """What the stage does once everything is loaded."""
    table = labelled_table(VIDEOS).assign(group=range(VIDEOS))
    material = scoring.choose_material(frames.rows, table, "FaceSwap", frames_per_video=FRAMES)
    settings = {"batch_size": BATCH, "seed": 0, "workers": n_workers()}
    with tempfile.TemporaryDirectory() as scratch:
        scoring.score_conditions(
            material, conditions, scorers, frames=frames, embed=embed, **settings, scratch=Path(scratch)
        )


def forward_bare(tower: CLIPVisionModelWithProjection, pixels: torch.Tensor, n: int) -> None:
    """The encoder alone, n batches, spread over as many threads."""

    @torch.inference_mode()
    def forward(_: int) -> None:
        tower(pixel_values=pixels).image_embeds.cpu()

    with ThreadPoolExecutor(n_workers(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(forward, range(n)))


def main() -> None:
    """Print a ratio for every degradation at its middle strength, and for undegraded frames."""
    with tempfile.TemporaryDirectory() as text:
        folders = save_models(Path(text))
        frames = write_frame_store(Path(text) / "frames", noise_videos(VIDEOS, frames=FRAMES, size=SIZE))
        about = {"model": str(Path(text) / "clip"), "revision": "local"}
        embed = scoring.frozen_encoder(
            **about, embedding="projected", precision="float32", frame_size=frames.size
        )
        tower = vision.load_vision_tower(**about)
        pixels = torch.randn(BATCH, 3, SIZE, SIZE)
        batches = 2 * len(frames) // BATCH
        with scoring.open_detectors(folders) as scorers:
            sides = {"bare": partial(forward_bare, tower, pixels, batches)}
            for condition in [scoring.UNDEGRADED, *((name, 3) for name in DEGRADATIONS)]:
                sides[condition[0]] = partial(score_all, [condition], scorers, frames, embed)
            times = pd.Series(alternate(sides, repeats=REPEATS))
    print(f"{2 * len(frames) / times['bare']:.0f} bare forwards/s, {n_workers()} threads")
    for name, seconds in times.drop("bare").items():
        show(f"bare forwards / {name}", times["bare"] / seconds, FLOOR)


if __name__ == "__main__":
    main()
