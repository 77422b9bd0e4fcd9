"""Explain the headline cell's errors: similar ones, and what in their frames drove each detector's score."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from clipforensics.cells import Cell
from clipforensics.detectors.base import explainable, find_detector
from clipforensics.devices import compute_deterministically
from clipforensics.embeddings import EmbeddingStore
from clipforensics.encoder import EncoderSection
from clipforensics.errors import WORST_FRAMES
from clipforensics.explanations import (
    choose_frames,
    cluster_errors,
    find_rows,
    mean_embeddings,
    unclustered,
)
from clipforensics.faults import InputError, one_line_errors
from clipforensics.files import read_json, write_json
from clipforensics.frames import FrameStore
from clipforensics.maps import write_maps
from clipforensics.params import Section, read_section, read_yaml
from clipforensics.relevance import METHOD, check_sanity, compare_maps, relevance_maps

PARAMS = Path("params.yaml")
FRAMES = Path("data/frames")
EMBEDDINGS = Path("data/embeddings")
MODELS = Path("models")
ERRORS = Path("data/errors")
OUT = Path("data/explanations")
METRICS = Path("metrics/explanations.json")

DISABLED = "explain.enabled is false"


class Explain(Section):
    """Section `explain` of params.yaml."""

    enabled: bool
    videos_per_list: int = Field(ge=0)
    frames_per_video: int = Field(ge=1, le=WORST_FRAMES)
    cluster_distance: float = Field(gt=0, le=2)
    sanity_draws: int = Field(ge=1)
    seed: int = Field(ge=0, lt=2**63)


def main(split: str, train_set: str, seed: str) -> None:
    """Read the error lists of all detectors, cluster them, map the worst frames, write."""
    cell = Cell.parse(split, train_set, seed)
    params = read_section(PARAMS, "explain", Explain)
    detectors = read_yaml(PARAMS)["detectors"]
    errors = {name: read_json(ERRORS / name / f"{cell.name}.json") for name in detectors}
    write_errors(errors, params)
    chosen = choose_frames(
        list(errors.values()),
        videos_per_list=params.videos_per_list,
        frames_per_video=params.frames_per_video,
    )
    found = {name: explain(name, MODELS / name / cell.name, chosen, params) for name in detectors}
    about = {
        "method": METHOD,
        "split": split,
        "train_set": train_set,
        "seed": cell.seed,
        "manipulation": errors[detectors[0]]["manipulation"],
        "params": params.model_dump(),
    }
    sanity = {name: one for name, (one, _) in found.items()}
    agreement = compare_maps({name: maps for name, (_, maps) in found.items() if len(maps)})
    write_json(METRICS, {**about, "sanity": sanity, "agreement": agreement})
    for name, one in sanity.items():
        print(f"{name}: {one}")


def write_errors(errors: dict[str, dict[str, Any]], params: Explain) -> None:
    """Write each detector's error lists with the number of the cluster in each entry."""
    videos = mean_embeddings(EmbeddingStore(EMBEDDINGS)) if params.enabled else {}
    for name, lists in errors.items():
        if params.enabled:
            found = cluster_errors(lists, videos, max_distance=params.cluster_distance)
        else:
            found = unclustered(lists, DISABLED)
        write_json(OUT / "errors" / f"{name}.json", found)


def explain(
    name: str, folder: Path, chosen: list[tuple[str, int]], params: Explain
) -> tuple[dict[str, Any], np.ndarray]:
    """Write one detector's maps of the chosen frames; returns the sanity check, and the maps."""
    detector = explainable(find_detector(name))
    if not params.enabled:
        return nothing(name, DISABLED)
    if detector is None:
        return nothing(name, f"detector {name} offers no log_odds: its score cannot be traced to pixels")
    if not chosen:
        return nothing(name, "no frame is chosen: the error lists are empty or explain.videos_per_list is 0")
    compute_deterministically(params.seed)
    frames = FrameStore.open(FRAMES)
    encoder = read_section(PARAMS, "encoder", EncoderSection).model_dump()
    module, preprocessing, tower = detector.log_odds(folder, encoder=encoder, frame_size=frames.size)
    device = next(module.parameters()).device
    pixels = preprocessing.pixels(frames.read(find_rows(frames, chosen)), device)

    def current_maps() -> np.ndarray:
        return relevance_maps(module, tower, pixels)

    maps = current_maps()
    write_maps(OUT / name, chosen, maps)
    sanity = check_sanity(current_maps, module, tower, seed=params.seed, draws=params.sanity_draws)
    return sanity, maps


def nothing(name: str, reason: str) -> tuple[dict[str, Any], np.ndarray]:
    """Write an empty store of maps; returns the entry that says why."""
    empty = np.empty((0, 1, 1), np.float32)
    write_maps(OUT / name, [], empty)
    return {"rank_correlation": None, "n": 0, "rank_correlation_head": None, "undefined": reason}, empty


if __name__ == "__main__":
    with one_line_errors():
        if len(sys.argv) != 4:
            raise InputError(
                "usage: python -m stages.explain SPLIT TRAIN_SET SEED, such as grouped FaceSwap 42"
            )
        main(*sys.argv[1:])
