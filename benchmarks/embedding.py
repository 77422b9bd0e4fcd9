"""embed against the bare encoder's forward pass, same batch and dtype.

`python -m benchmarks.embedding` prints ratios taken in one run; both sides alternate and their
medians are compared. Weights are random: time does not depend on them.
"""

import shutil
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.clock import alternate, show
from clipforensics.encoder import vision
from clipforensics.encoder.embeddings import embed_frames
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device
from tests.support.stores import noise_videos, write_frame_store

FLOOR = 0.95
SIZES = {
    "the sample's tiny CLIP": (
        {"hidden_size": 96, "intermediate_size": 384, "num_hidden_layers": 4, "num_attention_heads": 4},
        {"image_size": 64, "patch_size": 8, "projection_dim": 64},
        {"frames": 2048, "batch": 64, "repeats": 7},
    ),
    "CLIP ViT-B/32": ({}, {}, {"frames": 128, "batch": 32, "repeats": 5}),
}
CLIP_MEAN, CLIP_STD = (0.481, 0.458, 0.408), (0.269, 0.261, 0.276)


def embed_store(frames: FrameStore, tower: CLIPVisionModelWithProjection, folder: Path, batch: int) -> None:
    """What the stage `embed` does after loading: read, standardise, forward, write."""
    device = choose_device()
    preprocessing = vision.Preprocessing(frames.size, CLIP_MEAN, CLIP_STD)

    @torch.inference_mode()
    def embed(rows: np.ndarray) -> np.ndarray:
        pixels = preprocessing.pixels(rows, device)
        return vision.embed_pixels(tower, pixels, "projected").float().cpu().numpy()

    scratch = folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    width = tower.config.projection_dim
    embed_frames(frames, embed, folder / "out", width=width, batch_size=batch, scratch=scratch, meta={})


@torch.inference_mode()
def forward_bare(tower: CLIPVisionModelWithProjection, pixels: torch.Tensor, n: int) -> None:
    """The encoder alone, on one batch of pixels that is already there."""
    for _ in range(n):
        tower(pixel_values=pixels).image_embeds.cpu()


def main() -> None:
    """Print one ratio an encoder size."""
    for name, (shape, picture, load) in SIZES.items():
        device = choose_device()
        tower = CLIPVisionModelWithProjection(CLIPVisionConfig(**shape, **picture)).eval()
        torch.nn.Module.to(tower, device)
        size, batch = tower.config.image_size, load["batch"]
        with tempfile.TemporaryDirectory() as text:
            videos = noise_videos(load["frames"] // 32, frames=32, size=size)
            frames = write_frame_store(Path(text) / "frames", videos, per_shard=16)
            pixels = torch.randn(batch, 3, size, size, device=device)
            times = alternate(
                {
                    "embed": partial(embed_store, frames, tower, Path(text), batch),
                    "bare": partial(forward_bare, tower, pixels, len(frames) // batch),
                },
                repeats=load["repeats"],
            )
        rates = {side: len(frames) / seconds for side, seconds in times.items()}
        print(f"{name}: embed {rates['embed']:.0f} frames/s, bare forward {rates['bare']:.0f} frames/s")
        show("embed / bare forward", rates["embed"] / rates["bare"], FLOOR)


if __name__ == "__main__":
    main()
