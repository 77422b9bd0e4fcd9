"""Embed every stored frame once with the frozen encoder; no split enters."""

from pathlib import Path
from typing import Any

from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section
from clipforensics.encoder import vision
from clipforensics.encoder.embedding import embed_frames
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.engines.opening import open_encoder
from clipforensics.frames.store import FrameStore
from clipforensics.machine import kernels
from clipforensics.machine.devices import choose_device
from clipforensics.machine.kept import kept_work
from clipforensics.machine.scratch import remove_scratch, scratch_folder

PARAMS = Path("params.yaml")
FRAMES = Path("data/frames")
OUT = Path("data/embeddings")


def main() -> None:
    """Read frames, embed, write the embedding store."""
    params, base = (
        read_section(PARAMS, "embed", EmbedSection),
        read_section(PARAMS, "encoder", EncoderSection),
    )
    frames = FrameStore.open(FRAMES)
    if caution := kernels.caution(gpu=choose_device().type == "cuda"):
        print(caution)
    scratch = scratch_folder("embed", "engine")
    encoder = open_encoder(params, base, frames.fitting, scratch / "engine")
    about = encoder.about
    tower_record = vision.record_of_tower(base.model, base.revision, base.embedding)
    about |= {"tower": tower_record} if tower_record else {}
    kept = kept_work("embed", {**about, **encoder.arithmetic})
    how: dict[str, Any] = {"width": encoder.width, "batch_size": params.batch_size, "meta": about}
    embed_frames(frames, encoder.embed, OUT, kept=kept, elsewhere=encoder.elsewhere, **how)
    remove_scratch(scratch)
    n_videos = len(frames.rows.videos)
    print(f"embeddings of {len(frames)} frames of {n_videos} videos, {encoder.width} numbers each")


if __name__ == "__main__":
    run_command(main)
