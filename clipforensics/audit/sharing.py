"""What two parts of a data set share: people, twins, videos and frames. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from clipforensics.audit.leaks import seen_by
from clipforensics.audit.names import Part
from clipforensics.core.records import REAL, Video

_EXAMPLES = 5

Key = tuple[int, str, str]
"""Label, manipulation and clip of a video."""

SHARED = ("identities", "youtube", "twins", "duplicates", "frames")
"""What must be 0 between two parts that do not leak."""


@dataclass(frozen=True)
class Listed:
    """One part as its files list it.

    Attributes:
        name: `train`, `val`, `test`, or however the file is called.
        part: Its videos.
        frames: Of each video the frames that are listed; empty where videos are.
    """

    name: str
    part: Part
    frames: tuple[frozenset[str], ...]


def within(listed: Listed) -> dict[str, int]:
    """Counts of one part: videos, reals, people, videos of unknown people, frames, videos listed twice."""
    videos = listed.part.videos
    return {
        "n": len(videos),
        "n_real": sum(video.label == 0 for video in videos),
        "n_identities": len({identity for video in videos for identity in video.people}),
        "n_unknown": sum(video.unknown for video in videos),
        "n_frames": sum(map(len, listed.frames)),
        "n_twice": len(videos) - len(set(_keys(listed.part))),
    }


def between(first: Listed, second: Listed) -> dict[str, Any]:
    """What two parts share.

    Returns:
        `first` and `second`, their names, and counts: `identities` that are in both; `youtube`, YouTube
        videos of which both hold sequences; `videos` of the second that show anybody of the first; `twins`,
        fakes of the second of whose two people the first has a fake; `duplicates`, videos of both; `frames`
        of both. `examples` has the first five of each that is not 0.
    """
    seen = seen_by(first.part, second.part)
    shown = _shown(first.part)
    shared: dict[str, Sequence[str]] = {
        "identities": _common(first, second, lambda video: video.people),
        "youtube": _common(first, second, _youtube),
        "twins": [v.path for v, yes in zip(second.part.videos, seen["twin"], strict=True) if yes],
        "duplicates": sorted(shown[key] for key in set(_keys(first.part)) & set(_keys(second.part))),
        "frames": sorted(f"{shown[key]}/{f}" for key, f in _frames(first) & _frames(second)),
    }
    return {
        "first": first.name,
        "second": second.name,
        **{name: len(found) for name, found in shared.items()},
        "videos": int(seen["any_seen"].sum()),
        "examples": {name: list(found[:_EXAMPLES]) for name, found in shared.items() if found},
    }


def compare_parts(parts: Sequence[Listed]) -> dict[str, Any]:
    """Counts of every part and of every two of them.

    Returns:
        `parts`, name -> `within`; `pairs`, a `between` each; `leaks`, whether any two share anything; and
        `n_unknown`, videos of which it is not known who is in them, in all parts.
    """
    pairs = [between(first, second) for first, second in combinations(parts, 2)]
    counts = {listed.name: within(listed) for listed in parts}
    return {
        "parts": counts,
        "pairs": pairs,
        "leaks": any(pair[name] for pair in pairs for name in SHARED),
        "n_unknown": sum(row["n_unknown"] for row in counts.values()),
    }


def _keys(part: Part) -> list[Key]:
    """What tells a video within a data set, in whatever case; real footage is called by many words."""
    return [
        (video.label, video.manipulation.casefold() if video.label else REAL, clip)
        for video, clip in zip(part.videos, part.clips, strict=True)
    ]


def _shown(part: Part) -> dict[Key, str]:
    """Of each key its text, with the manipulation as the part writes it."""
    return {
        key: f"{video.manipulation if video.label else REAL}/{key[-1]}"
        for key, video in zip(_keys(part), part.videos, strict=True)
    }


def _frames(listed: Listed) -> set[tuple[Key, str]]:
    keys = zip(_keys(listed.part), listed.frames, strict=True)
    return {(key, frame) for key, frames in keys for frame in frames}


def _youtube(video: Video) -> Iterable[str]:
    return filter(None, (video.target_youtube, video.source_youtube))


def _common(first: Listed, second: Listed, of: Any) -> list[str]:
    sets = [{name for video in listed.part.videos for name in of(video)} for listed in (first, second)]
    return sorted(sets[0] & sets[1])
