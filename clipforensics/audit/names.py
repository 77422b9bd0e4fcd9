"""Names of videos to identities, and what training has seen of each scored video.

The names are FaceForensics++'s: `<target>_<source>` for a manipulated video, `<target>` for a real one.
Any other name says nothing about who is in the video, so it counts as an identity of its own.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from clipforensics.audit.reading import FrameScores, Pair, show
from clipforensics.core.faults import InputError
from clipforensics.core.records import REAL, Video
from clipforensics.splits.leakage import audit, find_leaks, identity_groups

TRAINED_ON = "trained_on"
"""The stratum of scored videos that are training videos themselves."""

_REAL_NAME = re.compile(r"(real|original|pristine)s?(?![a-z])", re.IGNORECASE)
_ENDING = re.compile(r"\.(mp4|avi|mov|mkv|webm)$", re.IGNORECASE)


@dataclass(frozen=True)
class Names:
    """What the names say.

    Attributes:
        videos: One record a scored video, in the order of `FrameScores.videos`.
        train: One record a training video.
        reals: Manipulations that mean real footage in either file, sorted.
        unparsed: Names of manipulated videos in either file that are not `<target>_<source>`, sorted.
        n_sharing: Training videos that share an identity with a scored video.
    """

    videos: tuple[Video, ...]
    train: tuple[Video, ...]
    reals: tuple[str, ...]
    unparsed: tuple[str, ...]
    n_sharing: int


def read_names(
    scores: FrameScores, train: Sequence[Pair], *, reals: Collection[str], disjoint: bool
) -> Names:
    """Find out who is in which video.

    Args:
        scores: The scored videos.
        train: The training videos.
        reals: Manipulations that mean real footage in `train`. Empty: those that have label 0 in
            `scores`, and those called real, original or pristine (`Real_youtube`, `original_sequences`).
        disjoint: Training is known to share no identity with the scored videos.

    Raises:
        InputError: a manipulation has both labels; a name of `reals` is nowhere or has label 1; or no
            training video shares an identity with a scored one and `disjoint` is not set, since then
            the names of one file are most likely of another form, and the audit would find nothing.
    """
    labels = scores.labels.tolist()
    found = _reals(scores.videos, labels, train, reals)
    tested = _videos(scores.videos, labels)
    trained = _videos(train, [int(manipulation not in found) for manipulation, _ in train])
    known = {name for video in tested for name in (video.target, video.source) if name}
    n_sharing = sum(video.target in known or video.source in known for video in trained)
    if not n_sharing and not disjoint:
        raise InputError(_nothing_joins(scores.videos, train))
    fakes = {video.path for video in (*tested, *trained) if video.label == 1 and not video.source}
    return Names(tested, trained, tuple(sorted(found)), tuple(sorted(fakes)), n_sharing)


def identities(name: str) -> tuple[str, str]:
    """Target and source of a manipulated video's name; (name, "") where it is not `<target>_<source>`.

    A file ending such as .mp4 is no part of an identity.
    """
    stem = _ENDING.sub("", name)
    target, _, source = stem.partition("_")
    return (target, source) if target and source and "_" not in source else (stem, "")


def leak_flags(names: Names) -> pd.DataFrame:
    """What training has seen of each scored video, in the order of `names.videos`.

    Returns:
        Columns key (position), manipulation, label, each attribute of `leakage.Leak` and `trained_on`
        (0/1), and group: the number of the video's identity group among the scored videos.
    """
    leaks = [asdict(leak) for leak in find_leaks(names.train, names.videos)]
    table = pd.DataFrame(leaks).astype(int)
    table[TRAINED_ON] = [int(yes) for yes in _trained_on(names)]
    table["group"] = identity_groups(names.videos)
    table.insert(0, "key", range(len(table)))
    table.insert(1, "manipulation", [video.manipulation for video in names.videos])
    table.insert(2, "label", [video.label for video in names.videos])
    return table


def leak_audit(names: Names) -> dict[str, object]:
    """`leakage.audit`, and in each row `trained_on`: how many scored videos are training videos."""
    flags = leak_flags(names)
    counts = audit(names.train, names.videos)
    rows = {"real": flags["label"] == 0, "fake": flags["label"] == 1}
    for name, chosen in rows.items():
        counts[name][TRAINED_ON] = int(flags[TRAINED_ON][chosen].sum())  # type: ignore[index]
    for name, row in counts["manipulations"].items():  # type: ignore[attr-defined]
        chosen = rows["fake"] & (flags["manipulation"] == name)
        row[TRAINED_ON] = int(flags[TRAINED_ON][chosen].sum())
    return counts


def _trained_on(names: Names) -> list[bool]:
    """By (manipulation, name); real footage by name alone where each file has one word for it."""
    trained = {_whole_name(video, _one_word(names.train)) for video in names.train}
    word = _one_word(names.videos)
    return [_whole_name(video, word) in trained for video in names.videos]


def _one_word(videos: Sequence[Video]) -> bool:
    return len({video.manipulation for video in videos if video.label == 0}) < 2


def _whole_name(video: Video, one_word: bool) -> Pair:
    return (REAL if video.label == 0 and one_word else video.manipulation, video.name)


def _videos(pairs: Sequence[Pair], labels: Sequence[int]) -> tuple[Video, ...]:
    """Records; `path` keeps the name as it stood in the file."""
    found = []
    for (manipulation, name), label in zip(pairs, labels, strict=True):
        target, source = identities(name) if label else (_ENDING.sub("", name), "")
        found.append(Video("", manipulation, "", target, source, "", label, "", "", name))
    return tuple(found)


def _reals(
    videos: Sequence[Pair], labels: Sequence[int], train: Sequence[Pair], given: Collection[str]
) -> set[str]:
    """Manipulations that mean real footage."""
    has = [{m for (m, _), label in zip(videos, labels, strict=True) if label == kind} for kind in (0, 1)]
    trained = {manipulation for manipulation, _ in train}
    for name in sorted(has[0] & has[1]):
        raise InputError(
            f"manipulation {show(name)} has videos of label 0 and of label 1; give the real ones a name of"
            " their own, such as real, so that TRAIN can be read"
        )
    for name in sorted(given):
        if name in has[1]:
            raise InputError(f"--real {show(name)}: has label 1 in SCORES; name the real videos")
        if name not in has[0] | trained:
            every = ", ".join(show(other) for other in sorted(has[0] | trained)[:6])
            raise InputError(f"--real {show(name)}: is in neither file; give one of {every}")
    if given:
        return has[0] | set(given)
    return has[0] | {name for name in trained - has[1] if _REAL_NAME.match(name)}


def _nothing_joins(videos: Sequence[Pair], train: Sequence[Pair]) -> str:
    def samples(pairs: Sequence[Pair]) -> str:
        return ", ".join(show(pair) for pair in dict(sorted(pairs)[::-1]).items())

    return (
        f"no training video shares an identity with a scored one: SCORES has names such as"
        f" {samples(videos)}, TRAIN such as {samples(train)}; write both as <target>_<source>, reals as"
        " <target>, or pass --disjoint if training is meant to know none of these faces"
    )
