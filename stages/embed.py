"""Embed every stored frame once with the frozen encoder; no split enters."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section
from clipforensics.encoder import embeddings, vision
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.frames.store import FrameStore
from clipforensics.machine import kernels
from clipforensics.machine.devices import choose_device, choose_dtype, compute_deterministically
from clipforensics.machine.scratch import fingerprint, project_code, remove_scratch, scratch_folder

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
    compute_deterministically(seed=0)
    tower = vision.load_vision_tower(base.model, base.revision, device)
    dtype = choose_dtype(params.precision, device)
    embed = vision.frame_embedder(tower, preprocessing, base.embedding, device=device, dtype=dtype)
    about = {**params.model_dump(), **base.model_dump(), "weights_sha256": vision.weights_digest(tower)}
    tower_record = vision.record_of_tower(base.model, base.revision, base.embedding)
    about |= {"tower": tower_record} if tower_record else {}
    inputs = [FRAMES / "index.csv", FRAMES / "meta.json", *project_code()]
    work = fingerprint({**about, "dtype": dtype, "device": device}, inputs)
    scratch = scratch_folder("embed", work)
    width = vision.embedding_width(tower, base.embedding)
    embeddings.embed_frames(
        frames, embed, OUT, width=width, batch_size=params.batch_size, scratch=scratch, meta=about
    )
    remove_scratch(scratch)
    print(f"embedded {len(frames)} frames of {len(frames.rows.videos)} videos, {width} numbers each")


if __name__ == "__main__":
    run_command(main)
