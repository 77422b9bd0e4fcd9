"""Embed every stored frame once with the frozen encoder; no split enters."""

from pathlib import Path
from typing import Any

from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section
from clipforensics.encoder import vision
from clipforensics.encoder.embedding import embed_frames
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.engines.choosing import check_engine, versions
from clipforensics.engines.embedding import engine_embedder
from clipforensics.frames.store import FrameStore
from clipforensics.machine import kernels
from clipforensics.machine.devices import arithmetic, choose_device, choose_dtype, compute_deterministically
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
    preprocessing = vision.load_preprocessing(base.model, base.revision, fitting=frames.fitting)
    device = choose_device()
    if caution := kernels.caution(gpu=device.type == "cuda"):
        print(caution)
    dtype = choose_dtype(params.precision, device)
    check_engine(params.engine, portable=kernels.asked(), device=device, dtype=dtype)
    compute_deterministically(seed=0)
    tower = vision.load_vision_tower(base.model, base.revision, device)
    about = {**params.model_dump(), **base.model_dump(), "weights_sha256": vision.weights_digest(tower)}
    tower_record = vision.record_of_tower(base.model, base.revision, base.embedding)
    about |= {"tower": tower_record} if tower_record else {}
    about |= {"engine_versions": there} if (there := versions(params.engine)) else {}
    scratch = scratch_folder("embed", "engine")
    how: dict[str, Any] = {"device": device, "dtype": dtype, "batch_size": params.batch_size}
    how |= {"folder": scratch / "engine"}
    embed = engine_embedder(params.engine, tower, preprocessing, base.embedding, **how)
    width = vision.embedding_width(tower, base.embedding)
    kept = kept_work("embed", {**about, "dtype": dtype, **arithmetic(device)})
    embed_frames(frames, embed, OUT, width=width, batch_size=params.batch_size, kept=kept, meta=about)
    remove_scratch(scratch)
    print(f"embedded {len(frames)} frames of {len(frames.rows.videos)} videos, {width} numbers each")


if __name__ == "__main__":
    run_command(main)
