"""The frozen encoder as a function, by the engine that params.yaml names, held to torch's own numbers."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.encoder.embeddings import EAGER
from clipforensics.encoder.families.base import Embedding
from clipforensics.encoder.vision import Preprocessing, frame_embedder
from clipforensics.engines.choosing import ENGINES
from clipforensics.engines.contract import Encoder, Forward

TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 2e-2}
"""Largest difference from eager in any number of an embedding of unit length, by what is computed in."""

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def engine_embedder(
    engine: str,
    tower: Any,
    preprocessing: Preprocessing,
    embedding: Embedding,
    *,
    device: torch.device,
    dtype: torch.dtype,
    batch_size: int,
    folder: Path,
) -> Embed:
    """As `vision.frame_embedder`, by an engine; its first batch is embedded by eager too, and compared.

    Args:
        engine: `embed.engine`, which `check_engine` has let through.
        tower: On `device`.
        preprocessing: Of the same encoder.
        embedding: Which.
        device: Where to compute.
        dtype: What to compute in.
        batch_size: Frames a call at most. Other engines are given batches of exactly this size, the last one
            filled up, so that a frame's embedding depends on nothing but where batches are cut.
        folder: For the engine's files, in the scratch folder of the work.

    Raises:
        InputError: the engine cannot take this encoder; when called first, it differs from eager.
    """
    options: dict[str, Any] = {"device": device, "dtype": dtype}
    eager = frame_embedder(tower, preprocessing, embedding, **options)
    if engine == EAGER:
        return eager
    folder.mkdir(parents=True, exist_ok=True)
    blank = np.zeros((batch_size, preprocessing.size, preprocessing.size, 3), np.uint8)
    pixels = preprocessing.pixels(blank, device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what exporters and torch's compiler use of torch's own
        try:
            forward = ENGINES[engine].build(Encoder(tower, embedding).eval(), pixels, folder.absolute())
            held = _Held(engine, eager, forward, preprocessing, batch_size=batch_size, **options)
            held.run(blank)  # torch compiles when called first
        except Exception as error:  # exporters raise whatever they meet
            raise InputError(
                f"embed.engine: {engine!r} cannot take this encoder ({_in_a_line(error)}); set embed.engine"
                f" to {EAGER}"
            ) from error
    return held


class _Held:
    """An engine's forward pass between standardised pixels and float32, compared with eager once."""

    def __init__(
        self,
        engine: str,
        eager: Embed,
        forward: Forward,
        preprocessing: Preprocessing,
        *,
        device: torch.device,
        dtype: torch.dtype,
        batch_size: int,
    ) -> None:
        self.engine, self.eager, self.forward = engine, eager, forward
        self.preprocessing, self.device, self.dtype = preprocessing, device, dtype
        self.batch_size, self.compared = batch_size, False

    def __call__(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        found = self.run(frames)
        if not self.compared:
            compare(self.engine, found, self.eager(frames), TOLERANCE[self.dtype])
            self.compared = True
        return found

    @torch.inference_mode()
    def run(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Frames of one batch, or fewer, through the engine."""
        n = len(frames)
        if n > self.batch_size:
            raise ValueError(f"{n} frames in a batch of {self.batch_size}")
        filled = np.concatenate([frames, np.repeat(frames[-1:], self.batch_size - n, axis=0)])
        pixels = self.preprocessing.pixels(filled, self.device)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            out = self.forward(pixels)
        return out[:n].float().cpu().numpy()


def compare(engine: str, found: NDArray[np.float32], wanted: NDArray[np.float32], tolerance: float) -> None:
    """Say how far an engine's embeddings are from eager's, both brought to unit length.

    Args:
        engine: Its name.
        found: Its embeddings (n, d).
        wanted: Those of eager.
        tolerance: Largest difference in any number.

    Raises:
        InputError: they are further apart, or no numbers.
    """
    pair = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (found, wanted)]
    apart = float(np.abs(pair[0] - pair[1]).max())
    if not apart <= tolerance:  # so that NaN is refused too
        raise InputError(
            f"embed.engine: {engine!r} differs from {EAGER} by {apart:.1e} on the first {len(found)} frames,"
            f" in embeddings of unit length, and may by {tolerance:.0e}; set embed.engine to {EAGER}"
        )
    agreed = f"engine {engine}: within {apart:.0e} of {EAGER} on the first {len(found)} frames"
    print(agreed, flush=True)  # before the hours, not after


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
