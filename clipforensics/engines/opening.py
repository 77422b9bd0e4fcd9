"""The frozen encoder that params.yaml names, opened here or on another machine to give the same bytes."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.encoder import vision
from clipforensics.encoder.embedding import Elsewhere, Embed
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.engines.choosing import check_engine, versions
from clipforensics.engines.embedding import engine_embedder
from clipforensics.machine import kernels
from clipforensics.machine.cluster.nodes import Share
from clipforensics.machine.devices import arithmetic, choose_device, choose_dtype, compute_deterministically


@dataclass(frozen=True)
class Opened:
    """An encoder that is ready.

    Attributes:
        embed: uint8 frames (b, s, s, 3) -> float32 embeddings (b, width).
        width: Length of one embedding.
        about: Settings, digests of weights and config, versions of the engine: what an embedding store
            remembers.
        arithmetic: What last digits hang on beside these.
        elsewhere: How the nodes of a cluster open the same.
    """

    embed: Embed
    width: int
    about: dict[str, object]
    arithmetic: dict[str, object]
    elsewhere: Elsewhere


def open_encoder(params: EmbedSection, base: EncoderSection, fitting: Fitting, folder: Path) -> Opened:
    """Open it in this process, and say how to open it in another one.

    Args:
        params: Section `embed` of params.yaml.
        base: Section `encoder`.
        fitting: How the frames were resized and cropped.
        folder: For the engine's files, in the scratch folder of the work.

    Raises:
        InputError: the encoder or the engine cannot be had, or does not fit the frames.
    """
    opening = _Opening(params, base, fitting)
    device, dtype = opening.place()
    check_engine(params.engine, portable=kernels.asked(), device=device, dtype=dtype)
    tower, embed = opening.load(folder)
    digests = _digests(tower, base)
    about: dict[str, object] = {**params.model_dump(), **base.model_dump(), **digests}
    about |= {"engine_versions": there} if (there := versions(params.engine)) else {}
    last_digits = {"dtype": dtype, **arithmetic(device)}
    held = {**last_digits, **versions(params.engine)}
    there_too = _There(opening, digests, held, torch.get_num_threads())
    share = Share(1, 1) if device.type == "cuda" else Share(torch.get_num_threads())
    width = vision.embedding_width(tower, base.embedding)
    return Opened(embed, width, about, last_digits, Elsewhere(there_too, share))


@dataclass(frozen=True)
class _Opening:
    params: EmbedSection
    base: EncoderSection
    fitting: Fitting

    def place(self) -> tuple[torch.device, torch.dtype]:
        device = choose_device()
        return device, choose_dtype(self.params.precision, device)

    def load(self, folder: Path) -> tuple[Any, Embed]:
        """The tower, and the function."""
        base, (device, dtype) = self.base, self.place()
        preprocessing = vision.load_preprocessing(base.model, base.revision, fitting=self.fitting)
        compute_deterministically(seed=0)
        tower = vision.load_vision_tower(base.model, base.revision, device)
        how: dict[str, Any] = {"device": device, "dtype": dtype, "batch_size": self.params.batch_size}
        how |= {"folder": folder}
        return tower, engine_embedder(self.params.engine, tower, preprocessing, base.embedding, **how)


@dataclass(frozen=True)
class _There:
    """Opens it in a process elsewhere."""

    opening: _Opening
    digests: Mapping[str, str]
    arithmetic: Mapping[str, object]
    threads: int

    def __call__(self) -> Embed:
        """
        Raises:
            InputError: last digits would differ, or the weights do.
        """
        torch.set_num_threads(self.threads)
        device, dtype = self.opening.place()
        here = {"dtype": dtype, **arithmetic(device), **versions(self.opening.params.engine)}
        for what, wanted in self.arithmetic.items():
            if here.get(what) != wanted:
                raise InputError(
                    f"a node of the Ray cluster computes with {what} {here.get(what)}, and this machine with"
                    f" {wanted}: bytes would differ; use nodes that are alike, begin the run on one of them,"
                    " or set portable to always"
                )
        with tempfile.TemporaryDirectory(prefix="clipforensics-engine-") as folder:
            tower, embed = self.opening.load(Path(folder))  # which has read its files, or holds them open
        base = self.opening.base
        found = _digests(tower, base)
        if other := [name.partition("_")[0] for name in found if found[name] != self.digests[name]]:
            raise InputError(
                f"a node of the Ray cluster has other {' and '.join(other)} of {base.model}; delete its copy"
            )
        return embed


def _digests(tower: Any, base: EncoderSection) -> dict[str, str]:
    """Of all that makes an embedding of a frame, beside settings and arithmetic."""
    config = vision.config_digest(base.model, base.revision)
    return {"weights_sha256": vision.weights_digest(tower), "config_sha256": config}
