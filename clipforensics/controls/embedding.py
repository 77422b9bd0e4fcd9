"""Embeddings of the stored frames as each control shows them."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics.encoder.embedding import Elsewhere, Embed, embed_frames
from clipforensics.frames.store import FrameStore
from clipforensics.machine.kept import Kept


def embed_views(
    stores: Mapping[str, FrameStore],
    embed: Embed,
    out: Path,
    *,
    width: int,
    batch_size: int,
    kept: Kept,
    meta: dict[str, object],
    elsewhere: Elsewhere | None = None,
) -> None:
    """Embed all frames of every view, and write an embedding store a view: `out/<view>`.

    Args:
        stores: View to its frames.
        embed: uint8 frames (b, s, s, 3) -> float32 embeddings (b, width).
        out: Folder to write.
        width: Length of one embedding.
        batch_size: Frames a call of `embed`.
        kept: What was embedded before under the same settings, in other runs too.
        meta: What to remember about the encoder.
        elsewhere: As in `embed_frames`.
    """
    shutil.rmtree(out, ignore_errors=True)  # a stage that is run by hand finds its last output
    options: dict[str, Any] = {"width": width, "batch_size": batch_size, "kept": kept}
    options["elsewhere"] = elsewhere
    for name, frames in stores.items():
        embed_frames(frames, embed, out / name, meta={**meta, "view": name}, **options)
