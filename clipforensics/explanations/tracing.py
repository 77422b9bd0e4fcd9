"""Where a saved detector's scores come from: relevance maps of chosen frames, checked, or why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from clipforensics.adaptation.contract import explainable, find_detector
from clipforensics.encoder.families.base import Embedding
from clipforensics.encoder.families.finding import family_of
from clipforensics.explanations.choosing import find_rows
from clipforensics.explanations.maps import Shown
from clipforensics.explanations.relevance import check_sanity, relevance_maps
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import compute_deterministically

Chosen = Sequence[Shown]
"""As `choosing.choose_frames` gives them."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What is known of where one detector's scores come from.

    Attributes:
        sanity: As `relevance.check_sanity` returns it; `undefined` says why there are no maps.
        frames: The frames that have a map; none, or all that were chosen.
        maps: Relevance (n, g, g) of these frames.
    """

    sanity: dict[str, Any]
    frames: Chosen = ()
    maps: np.ndarray = field(default_factory=lambda: np.empty((0, 1, 1), np.float32))


def trace_detector(
    name: str,
    folder: Path,
    chosen: Chosen,
    frames: FrameStore,
    *,
    encoder: Mapping[str, str],
    seed: int,
    draws: int,
) -> Trace:
    """Map the chosen frames with one saved detector, and check the maps against those of shuffled weights.

    Args:
        name: Of the detector.
        folder: What its training stage wrote.
        chosen: The frames.
        frames: The frame store.
        encoder: Section `encoder` of params.yaml, as in `adaptation.contract`.
        seed: Of the shuffling.
        draws: How often weights are shuffled.
    """
    detector = explainable(find_detector(name))
    if detector is None:
        return untraced(f"detector {name} offers no log_odds: its score cannot be traced to pixels")
    if not chosen:
        return untraced("no frame is chosen: the error lists are empty or explain.videos_per_list is 0")
    compute_deterministically(seed)
    module, preprocessing, tower = detector.log_odds(folder, encoder=encoder, fitting=frames.fitting)
    if reason := family_of(tower).untraceable(cast(Embedding, encoder["embedding"])):
        return untraced(reason)
    device = next(module.parameters()).device
    pixels = preprocessing.pixels(frames.read(find_rows(frames, chosen)), device)

    def current_maps() -> np.ndarray:
        return relevance_maps(module, tower, pixels)

    maps = current_maps()
    return Trace(check_sanity(current_maps, module, tower, seed=seed, draws=draws), chosen, maps)


def untraced(reason: str) -> Trace:
    """No maps, and why."""
    return Trace({"rank_correlation": None, "n": 0, "rank_correlation_head": None, "undefined": reason})
