"""Which videos a detector gets wrong, and by how much, from a table of frame scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.core.faults import InputError
from clipforensics.metrics.pooling import Pooling, pool_by_video

COLUMNS = ("key", "manipulation", "label", "frame", "score")

ORIGIN = ("twin", "any_seen", "group")
"""Columns of a split's test table that an error list repeats: what training knows of the video."""

WORST_FRAMES = 4
"""How many worst frames an entry of an error list names."""


def video_table(
    frames: pd.DataFrame, thresholds: Mapping[str, float], aggregate: Pooling = "mean"
) -> pd.DataFrame:
    """Sum up each video.

    Args:
        frames: One row a frame: `key` (of the video), `manipulation`, `label` (0 real, 1 manipulated),
            `frame` (0-based number in the video), `score` (higher means manipulated). Any row order.
        thresholds: `frame` and `video`: a frame or video is predicted manipulated if its score >= its
            level's threshold. Chosen on validation, or .5.
        aggregate: How a video's score comes from its frames' scores: `mean`, `median` or `max`.

    Returns:
        One row a video, sorted by key: `key`, `manipulation`, `label`, `score` (pooled), `n_frames`,
        `mean_score`, `error_rate` (share of its frames on the wrong side), `wrong` (whether the pooled
        score is on the wrong side), `excess` (how far the pooled score lies beyond the threshold on the
        wrong side; negative where it is right).

    Raises:
        InputError: a column is missing, a score is not finite, or a video has two labels.
    """
    missing = [name for name in COLUMNS if name not in frames.columns]
    if missing:
        raise InputError(f"table of scores: columns {missing} are missing; it needs {', '.join(COLUMNS)}")
    keys, codes = np.unique(frames["key"].to_numpy(dtype=str), return_inverse=True)
    pooled, labels = pool_by_video(frames["score"], frames["label"], keys[codes], aggregate)
    means, _ = pool_by_video(frames["score"], frames["label"], keys[codes], "mean")
    missed = (frames["score"] >= thresholds["frame"]) != (frames["label"] == 1)
    beyond = pooled - thresholds["video"]
    by_video = frames.assign(missed=missed).groupby(codes, sort=True)
    return pd.DataFrame(
        {
            "key": keys,
            "manipulation": by_video["manipulation"].first().to_numpy(),
            "label": labels,
            "score": pooled,
            "n_frames": by_video.size().to_numpy(),
            "mean_score": means,
            "error_rate": by_video["missed"].mean().to_numpy(),
            "wrong": (pooled >= thresholds["video"]) != (labels == 1),
            "excess": np.where(labels == 1, -beyond, beyond),
        }
    )


def find_false_positives(videos: pd.DataFrame) -> pd.DataFrame:
    """Real videos called manipulated, highest score first, equal ones by key; rows of `video_table`."""
    return _most_wrong(videos[videos["wrong"] & (videos["label"] == 0)])


def find_false_negatives(videos: pd.DataFrame) -> pd.DataFrame:
    """Manipulated videos called real, lowest score first, equal ones by key; rows of `video_table`."""
    return _most_wrong(videos[videos["wrong"] & (videos["label"] == 1)])


def find_worst_videos(videos: pd.DataFrame, n: int) -> pd.DataFrame:
    """The n videos with the highest share of wrong frames, equal ones by key; rows of `video_table`.

    They need not be false positives or negatives, and there are n of them (if the table has as many)
    even where some have no wrong frame.
    """
    return videos.sort_values(["error_rate", "key"], ascending=[False, True], kind="stable").head(n)


def find_worst_frames(frames: pd.DataFrame, n: int) -> list[int]:
    """Numbers of the n frames of one video that score worst, the worst first, equal ones by number.

    Worst is the highest score of a real and the lowest of a manipulated video.

    Args:
        frames: The rows of one video, as for `video_table`.
        n: How many, or all if it has fewer.
    """
    wrongness = frames["score"].where(frames["label"] == 0, -frames["score"])
    order = np.lexsort((frames["frame"], -wrongness))
    return [int(number) for number in frames["frame"].to_numpy()[order[:n]]]


def list_errors(
    frames: pd.DataFrame,
    thresholds: Mapping[str, float],
    *,
    aggregate: Pooling = "mean",
    worst_videos: int = 5,
    worst_frames: int = WORST_FRAMES,
    test: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """The error lists of one detector, ready for JSON.

    Args:
        frames: As for `video_table`.
        thresholds: As for `video_table`.
        aggregate: As for `video_table`.
        worst_videos: How many videos with the highest share of wrong frames.
        worst_frames: How many frame numbers a video, for picturing.
        test: The split's test table, one row a video: `key` and any of the whole-number columns of
            `ORIGIN`.

    Returns:
        `threshold` (of videos) and `frame_threshold`; `false_positives`, `false_negatives` and
        `worst_videos`, each a list of videos in their order, with `key`, `manipulation`, `label`, `score`,
        `mean_score`, `n_frames`, `error_rate` and `worst_frames`; `twin`, `any_seen` (0 or 1) and `group`
        as in the test table, null where it does not say; `frames` (numbers, ascending) and `scores` (one a
        frame, in that order); `people` (whose each score is) where the frames have a column `person`;
        `spread`, the standard deviation of these scores about their mean, over n and not n - 1: 0 for a
        single frame.

    Raises:
        InputError: as `video_table`; or the test table lacks a video, or names one twice.
    """
    videos = video_table(frames, thresholds, aggregate)
    origins = _origins(test, list(videos["key"]))
    by_key = {str(key): rows for key, rows in frames.groupby("key")}
    lists = {
        "false_positives": find_false_positives(videos),
        "false_negatives": find_false_negatives(videos),
        "worst_videos": find_worst_videos(videos, worst_videos),
    }
    entries = {
        name: [
            {**_entry(row, by_key[row["key"]], worst_frames), **origins[row["key"]]}
            for row in chosen.to_dict("records")
        ]
        for name, chosen in lists.items()
    }
    return {
        "threshold": float(thresholds["video"]),
        "frame_threshold": float(thresholds["frame"]),
        **entries,
    }


def _most_wrong(videos: pd.DataFrame) -> pd.DataFrame:
    return videos.sort_values(["excess", "key"], ascending=[False, True], kind="stable")


def _origins(test: pd.DataFrame | None, keys: Sequence[str]) -> dict[str, dict[str, int | None]]:
    """What the test table says of each video, null for what it does not say."""
    nothing: dict[str, int | None] = dict.fromkeys(ORIGIN)
    if test is None:
        return dict.fromkeys(keys, nothing)
    table = test.set_index("key")
    faulty = sorted({*table.index[table.index.duplicated()], *set(keys).difference(table.index)})
    if faulty:
        raise InputError(
            f"test table: it must hold every scored video once; {faulty[0]!r} it lacks or holds twice;"
            " run `dvc repro -f` on the stages split and evaluate"
        )
    known = [name for name in ORIGIN if name in table.columns]
    rows = table.loc[list(keys), known].to_dict("records")
    return {
        key: {**nothing, **{str(name): int(value) for name, value in row.items()}}
        for key, row in zip(keys, rows, strict=True)
    }


def _entry(row: dict[Any, Any], frames: pd.DataFrame, n_frames: int) -> dict[str, Any]:
    in_order = frames.sort_values("frame", kind="stable")
    people = {"people": [int(one) for one in in_order["person"]]} if "person" in in_order else {}
    return {
        "key": str(row["key"]),
        "manipulation": str(row["manipulation"]),
        "label": int(row["label"]),
        "score": float(row["score"]),
        "mean_score": float(row["mean_score"]),
        "n_frames": int(row["n_frames"]),
        "error_rate": float(row["error_rate"]),
        "worst_frames": find_worst_frames(frames, n_frames),
        "frames": [int(number) for number in in_order["frame"]],
        "scores": [float(score) for score in in_order["score"]],
        **people,
        "spread": float(np.std(in_order["score"].to_numpy(), ddof=0)),
    }
