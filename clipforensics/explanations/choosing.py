"""What to explain of a detector's errors: which frames, and which errors are of one kind."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.explanations.clusters import cosine_distances, group_similar
from clipforensics.explanations.maps import Shown
from clipforensics.frames.store import FrameStore
from clipforensics.metrics.errors import WORST_FRAMES

LISTS = ("false_positives", "false_negatives", "worst_videos")
WRONG = LISTS[:2]
"""Lists of videos on the wrong side of the threshold; the worst videos need not be."""

Json = Mapping[str, Any]


class ExplainSection(Section):
    """Section `explain` of params.yaml.

    Attributes:
        enabled: Whether errors are mapped and clustered.
        videos_per_list: Videos from the head of each error list.
        frames_per_video: Worst frames of each.
        cluster_distance: Errors are joined while their mean cosine distance is below it.
        sanity_draws: How often weights are shuffled for the check.
        seed: Of the shuffling.
    """

    enabled: bool
    videos_per_list: int = Field(ge=0)
    frames_per_video: int = Field(ge=1, le=WORST_FRAMES)
    cluster_distance: float = Field(gt=0, le=2)
    sanity_draws: int = Field(ge=1)
    seed: int = Field(ge=0, lt=2**63)


def choose_frames(errors: Sequence[Json], *, videos_per_list: int, frames_per_video: int) -> list[Shown]:
    """The worst frames of the first videos of every list of every detector.

    Args:
        errors: Error lists of each detector, as `errors.list_errors` makes them.
        videos_per_list: How many videos from the head of each list.
        frames_per_video: How many of an entry's `worst_frames`, the worst first.

    Returns:
        Frames, each of the person by whom it was judged, sorted, each once: all detectors are explained on
        the same ones.
    """
    entries = [entry for lists in errors for name in LISTS for entry in lists[name][:videos_per_list]]
    return sorted({shown for entry in entries for shown in _worst(entry, frames_per_video)})


def _worst(entry: Json, n_frames: int) -> list[Shown]:
    key, numbers = entry["key"], entry["worst_frames"][:n_frames]
    if "people" not in entry:
        return [(key, number) for number in numbers]
    whose = dict(zip(entry["frames"], entry["people"], strict=True))
    return [(key, number, whose[number]) for number in numbers]


def find_rows(frames: FrameStore, chosen: Sequence[Shown]) -> np.ndarray:
    """Row numbers of these frames in the frame store, int64 (n,).

    Raises:
        InputError: the store lacks one.
    """
    index, stored = frames.rows, frames.rows_of(sorted({one[0] for one in chosen}))
    people = [] if index.people is None else [index.people[stored].tolist()]
    shown = zip(map(str, index.keys_of(stored)), index.frames[stored].tolist(), *people, strict=True)
    rows: dict[tuple[Any, ...], int] = dict(zip(shown, stored.tolist(), strict=True))
    if lost := sorted(set(chosen) - set(rows)):
        raise InputError(
            f"frame {lost[0][1]} of {lost[0][0]!r} is scored but not stored; run `dvc repro -f evaluate`"
        )
    return np.array([rows[one] for one in chosen], dtype=np.int64)


def mean_embeddings(store: EmbeddingStore) -> dict[str, np.ndarray]:
    """Mean of the unit-length embeddings of each stored video's frames, float64 (d,), by key."""
    spans = {key: store.rows.span(key) for key in store.rows.videos}
    return {key: store.read(rows).mean(axis=0, dtype=np.float64) for key, rows in spans.items()}


def cluster_all(
    errors: Mapping[str, Json], embeddings: EmbeddingStore, *, max_distance: float
) -> dict[str, dict[str, Any]]:
    """`cluster_errors` of every detector's error lists, by name, on the same mean embeddings."""
    videos = mean_embeddings(embeddings)
    return {name: cluster_errors(lists, videos, max_distance=max_distance) for name, lists in errors.items()}


def cluster_errors(errors: Json, videos: Mapping[str, np.ndarray], *, max_distance: float) -> dict[str, Any]:
    """Group a detector's false positives and false negatives by what they look like.

    The mean embeddings, seen from the mean of all stored videos, are joined by average linkage on
    cosine distance (`clusters`). The frozen encoder is the same for every detector: a cluster says
    that its videos look alike, not that the detector sees them alike.

    Args:
        errors: Error lists of one detector.
        videos: As `mean_embeddings` returns them.
        max_distance: Largest cosine distance within a cluster, as in `clusters.group_similar`.

    Returns:
        A copy of `errors`: each entry has `cluster`, a number from 0 for the largest, or null if the video is
        on the right side of the threshold; and `clusters` holds `max_distance`, `n_videos` (errors)
        and `summary`: of each cluster its number `cluster`, `size`, `manipulations` (how many videos of
        each), `medoid` (key of its most central video) and `keys`. Fewer than two errors make no clusters;
        the reason stands in `undefined`.
    """
    wrong = sorted((entry for name in WRONG for entry in errors[name]), key=lambda entry: entry["key"])
    if len(wrong) < 2:
        reason = f"similar errors are sought among at least 2 false positives and negatives, not {len(wrong)}"
        return unclustered(errors, reason)
    center = np.mean(list(videos.values()), axis=0)
    distances = cosine_distances(np.stack([videos[entry["key"]] for entry in wrong]), center)
    found = group_similar(distances, max_distance)
    summary = [
        {
            "cluster": number,
            "size": len(cluster.members),
            "manipulations": _count([wrong[i]["manipulation"] for i in cluster.members]),
            "medoid": wrong[cluster.medoid]["key"],
            "keys": [wrong[i]["key"] for i in cluster.members],
        }
        for number, cluster in enumerate(found)
    ]
    numbers = {key: row["cluster"] for row in summary for key in row["keys"]}
    about = {"max_distance": max_distance, "n_videos": len(wrong), "summary": summary}
    return {**_numbered(errors, numbers), "clusters": about}


def unclustered(errors: Json, reason: str) -> dict[str, Any]:
    """The error lists in the form of `cluster_errors`, without clusters, and why."""
    return {**_numbered(errors, {}), "clusters": {"summary": [], "undefined": reason}}


def _numbered(errors: Json, numbers: Mapping[str, int]) -> dict[str, Any]:
    lists = {
        name: [{**entry, "cluster": numbers.get(entry["key"])} for entry in errors[name]] for name in LISTS
    }
    return {**errors, **lists}


def _count(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}
