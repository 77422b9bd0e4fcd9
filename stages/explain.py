"""Explain the headline cell's errors: similar ones, and what in their frames drove each detector's score."""

from pathlib import Path
from typing import Any

from clipforensics.core.faults import run_command
from clipforensics.core.files import read_json, write_json
from clipforensics.core.params import read_section, read_value
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.encoder.vision import EncoderSection
from clipforensics.explanations.choosing import ExplainSection, choose_frames, cluster_all, unclustered
from clipforensics.explanations.maps import write_maps
from clipforensics.explanations.relevance import METHOD, compare_maps
from clipforensics.explanations.tracing import Trace, trace_detector, untraced
from clipforensics.frames.store import FrameStore
from clipforensics.protocol.cells import Cell, Protocol

PARAMS = Path("params.yaml")
FRAMES = Path("data/frames")
EMBEDDINGS = Path("data/embeddings")
WEIGHTS = Path("data/weights")
ERRORS = Path("data/errors")
OUT = Path("data/explanations")
METRICS = Path("data/metrics/explanations.json")

DISABLED = "explain.enabled is false"


def main() -> None:
    """Read the error lists of all detectors, cluster them, map the worst frames, write."""
    cell = read_section(PARAMS, "protocol", Protocol).headline
    params = read_section(PARAMS, "explain", ExplainSection)
    detectors = read_value(PARAMS, "", "detectors", list)
    errors = {name: read_json(ERRORS / name / f"{cell.name}.json") for name in detectors}
    traces = dict.fromkeys(detectors, untraced(DISABLED))
    clustered = {name: unclustered(lists, DISABLED) for name, lists in errors.items()}
    if params.enabled:
        clustered = cluster_all(errors, EmbeddingStore(EMBEDDINGS), max_distance=params.cluster_distance)
        traces = trace_all(cell, errors, params)
    for name in detectors:
        write_json(OUT / "errors" / f"{name}.json", clustered[name])
        write_maps(OUT / name, traces[name].frames, traces[name].maps)
    about = {
        "method": METHOD,
        "split": cell.split,
        "train_set": cell.train_set,
        "seed": cell.seed,
        "manipulation": errors[detectors[0]]["manipulation"],
        "params": params.model_dump(),
    }
    sanity = {name: trace.sanity for name, trace in traces.items()}
    agreement = compare_maps({name: trace.maps for name, trace in traces.items() if len(trace.maps)})
    write_json(METRICS, {**about, "sanity": sanity, "agreement": agreement})
    for name, one in sanity.items():
        print(f"{name}: {one}")


def trace_all(cell: Cell, errors: dict[str, Any], params: ExplainSection) -> dict[str, Trace]:
    """Every detector on the same frames: the worst of all their error lists."""
    limits = {"videos_per_list": params.videos_per_list, "frames_per_video": params.frames_per_video}
    chosen, frames = choose_frames(list(errors.values()), **limits), FrameStore.open(FRAMES)
    encoder = read_section(PARAMS, "encoder", EncoderSection).model_dump()
    draws = {"seed": params.seed, "draws": params.sanity_draws}
    return {
        name: trace_detector(name, WEIGHTS / cell.name / name, chosen, frames, encoder=encoder, **draws)
        for name in errors
    }


if __name__ == "__main__":
    run_command(main)
