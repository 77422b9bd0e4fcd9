"""Embed every stored frame once more for each view of it that a control asks for, with the frozen encoder."""

from pathlib import Path
from typing import Any

from clipforensics.controls.embedding import embed_views
from clipforensics.controls.enabled import empty_folder, why_off
from clipforensics.controls.view import open_views
from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.engines.opening import open_encoder
from clipforensics.frames.store import META, FrameStore
from clipforensics.machine.kept import kept_work
from clipforensics.machine.scratch import remove_scratch, scratch_folder

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
FRAMES = Path("data/frames")
BACKGROUND = Path("data/background")
OUT = Path("data/views")


def main() -> None:
    """Read frames, alter and embed them, write an embedding store a view; nothing where controls are off."""
    if reason := why_off(PARAMS, PROFILES):
        empty_folder(OUT, reason)
        print(reason)
        return
    params, base = (
        read_section(PARAMS, "embed", EmbedSection),
        read_section(PARAMS, "encoder", EncoderSection),
    )
    frames = FrameStore.open(FRAMES)
    background = FrameStore.open(BACKGROUND) if (BACKGROUND / META).exists() else None
    stores = open_views(frames, PARAMS, background)
    scratch = scratch_folder("embed_controls", "engine")
    encoder = open_encoder(params, base, frames.fitting, scratch / "engine")
    kept = kept_work("embed_controls", {**encoder.about, **encoder.arithmetic})
    how: dict[str, Any] = {"width": encoder.width, "batch_size": params.batch_size, "meta": encoder.about}
    embed_views(stores, encoder.embed, OUT, kept=kept, elsewhere=encoder.elsewhere, **how)
    remove_scratch(scratch)
    print(f"embeddings of {len(frames)} frames in {len(stores)} views: {', '.join(stores)}")


if __name__ == "__main__":
    run_command(main)
