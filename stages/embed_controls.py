"""Embed every stored frame once more for each view of it that a control asks for, with the frozen encoder."""

from pathlib import Path

from clipforensics.controls.enabled import empty_folder, why_off
from clipforensics.controls.view import embed_views, open_views
from clipforensics.core.faults import run_command
from clipforensics.core.params import read_raw, read_section
from clipforensics.encoder import vision
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.frames.store import META, FrameStore
from clipforensics.machine.devices import choose_device, choose_dtype, compute_deterministically
from clipforensics.machine.scratch import fingerprint, project_code, remove_scratch, scratch_folder

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
    compute_deterministically(seed=0)
    tower = vision.load_vision_tower(base.model, base.revision, device)
    dtype = choose_dtype(params.precision, device)
    embed = vision.frame_embedder(tower, preprocessing, base.embedding, device=device, dtype=dtype)
    about = {**params.model_dump(), **base.model_dump(), "weights_sha256": vision.weights_digest(tower)}
    files = [file for store in (frames, background) if store is not None for file in store.files]
    settings = {"dtype": dtype, "device": device, "views": read_raw(PARAMS, "controls.views")}
    scratch = scratch_folder("embed_controls", fingerprint({**about, **settings}, [*files, *project_code()]))
    width = vision.embedding_width(tower, base.embedding)
    embed_views(stores, embed, OUT, width=width, batch_size=params.batch_size, scratch=scratch, meta=about)
    remove_scratch(scratch)
    print(f"embedded {len(frames)} frames in {len(stores)} views: {', '.join(stores)}")


if __name__ == "__main__":
    run_command(main)
