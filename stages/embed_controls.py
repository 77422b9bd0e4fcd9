"""Embed every stored frame once more for each view of it that a control asks for, with the frozen encoder."""

from pathlib import Path
from typing import Any

from clipforensics.controls.embedding import embed_views
from clipforensics.controls.enabled import empty_folder, why_off
from clipforensics.controls.view import open_views
from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section
from clipforensics.encoder import vision
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.engines.choosing import check_engine, versions
from clipforensics.engines.embedding import engine_embedder
from clipforensics.frames.store import META, FrameStore
from clipforensics.machine import kernels
from clipforensics.machine.devices import arithmetic, choose_device, choose_dtype, compute_deterministically
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
    preprocessing = vision.load_preprocessing(base.model, base.revision, fitting=frames.fitting)
    device = choose_device()
    dtype = choose_dtype(params.precision, device)
    check_engine(params.engine, portable=kernels.asked(), device=device, dtype=dtype)
    compute_deterministically(seed=0)
    tower = vision.load_vision_tower(base.model, base.revision, device)
    about = {**params.model_dump(), **base.model_dump(), "weights_sha256": vision.weights_digest(tower)}
    about |= {"engine_versions": there} if (there := versions(params.engine)) else {}
    scratch = scratch_folder("embed_controls", "engine")
    how: dict[str, Any] = {"device": device, "dtype": dtype, "batch_size": params.batch_size}
    how |= {"folder": scratch / "engine"}
    embed = engine_embedder(params.engine, tower, preprocessing, base.embedding, **how)
    width = vision.embedding_width(tower, base.embedding)
    kept = kept_work("embed_controls", {**about, "dtype": dtype, **arithmetic(device)})
    embed_views(stores, embed, OUT, width=width, batch_size=params.batch_size, kept=kept, meta=about)
    remove_scratch(scratch)
    print(f"embedded {len(frames)} frames in {len(stores)} views: {', '.join(stores)}")


if __name__ == "__main__":
    run_command(main)
