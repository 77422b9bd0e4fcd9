"""What training, and validation, have seen of each scored video."""

from collections.abc import Sequence
from dataclasses import asdict, fields

import numpy as np
import pandas as pd

from clipforensics.audit.lists import UNSAID
from clipforensics.audit.names import Names, Part
from clipforensics.core.records import Video
from clipforensics.splits.leakage import Leak, audit, find_leaks, identity_groups

TRAINED_ON = "trained_on"
"""The stratum of scored videos that are training videos themselves."""


def leak_flags(names: Names) -> pd.DataFrame:
    """What training has seen of each scored video, in the order of `names.videos`.

    A fake whose clip is a training fake's, under any manipulation, has a twin, known people or not; and a
    video whose clip is in training has been seen.

    Returns:
        Columns key (position), manipulation, label, each attribute of `leakage.Leak` and `trained_on`
        (0/1), with a validation list `val_any_seen` and `val_twin` (0/1), and group: the number of the
        video's identity group among the scored videos.
    """
    table = seen_by(names.train, names.scored)
    table[TRAINED_ON] = [int(yes) for yes in _trained_on(names)]
    table["any_seen"] |= table[TRAINED_ON]
    if names.val is not None:
        seen = seen_by(names.val, names.scored)
        table["val_any_seen"], table["val_twin"] = seen["any_seen"], seen["twin"]
    table["group"] = identity_groups(names.videos)
    table.insert(0, "key", range(len(table)))
    table.insert(1, "manipulation", [video.manipulation for video in names.videos])
    table.insert(2, "label", [video.label for video in names.videos])
    return table


def leak_audit(names: Names) -> dict[str, object]:
    """`leakage.audit` with the counts of `leak_flags`.

    Returns:
        `real`, `fake`, `manipulations.*`: rows of training, each with `trained_on`; `validation`, where a
        list was given: the same rows of what validation has seen; `unknown_identity`: videos of each part
        of which it is not known who is in them.
    """
    counts = _counted(audit(names.train.videos, names.videos), leak_flags(names))
    if names.val is not None:
        seen = seen_by(names.val, names.scored)
        seen["label"] = [video.label for video in names.videos]
        seen["manipulation"] = [video.manipulation for video in names.videos]
        counts["validation"] = _counted(audit(names.val.videos, names.videos), seen)
    parts = {"train": names.train, "val": names.val, "test": names.scored}
    counts["unknown_identity"] = {
        name: sum(video.unknown for video in part.videos) for name, part in parts.items() if part is not None
    }
    return counts


def _counted(rows: dict[str, object], flags: pd.DataFrame) -> dict[str, object]:
    """The rows of an audit, with as many of each flag as the table has."""
    fakes = flags["label"] == 1
    columns = [name for name in flags.columns if name not in ("key", "manipulation", "label", "group")]

    def counted(row: object, chosen: pd.Series) -> dict[str, int]:
        sums = {name: int(flags[name][chosen].sum()) for name in columns if not name.startswith("val_")}
        return {**row, **sums}  # type: ignore[dict-item]

    return {
        "real": counted(rows["real"], ~fakes),
        "fake": counted(rows["fake"], fakes),
        "manipulations": {
            name: counted(row, fakes & (flags["manipulation"] == name))
            for name, row in rows["manipulations"].items()  # type: ignore[attr-defined]
        },
    }


def seen_by(part: Part, scored: Part) -> pd.DataFrame:
    """Each attribute of `leakage.Leak` (0/1) of every scored video against one part.

    Equal clips of one class count as seen, and of fakes as twins.
    """
    names = [field.name for field in fields(Leak)]
    leaks = [asdict(leak) for leak in find_leaks(part.videos, scored.videos)]
    table = pd.DataFrame(leaks, columns=names).astype(int)
    clips = {label: {clip for _, clip in part.of(label)} for label in (0, 1)}
    labels = np.array([video.label for video in scored.videos], dtype=np.int64)
    same = [clip in clips[label] for label, clip in zip(labels.tolist(), scored.clips, strict=True)]
    seen = np.array(same, dtype=np.int64)
    table["twin"] |= seen * labels
    table["any_seen"] |= seen
    return table


def _trained_on(names: Names) -> list[bool]:
    """By (manipulation, clip), in whatever case; real footage by clip alone where words cannot tell it."""
    words = [_real_words(part.videos) for part in (names.train, names.scored)]
    by_clip = words[0].isdisjoint(words[1]) and min(map(len, words)) < 2

    def key(video: Video, clip: str) -> tuple[int, str, str]:
        word = UNSAID if video.label == 0 and by_clip else video.manipulation.casefold()
        return video.label, word, clip

    trained = {
        key(video, clip)
        for video, clip in zip(names.train.videos, names.train.clips, strict=True)
        if video.label == 0 or video.manipulation != UNSAID
    }
    return [
        key(video, clip) in trained or (video.label == 0 and (0, UNSAID, clip) in trained)
        for video, clip in zip(names.videos, names.scored.clips, strict=True)
    ]


def _real_words(videos: Sequence[Video]) -> set[str]:
    """What a file calls real footage; a list that says nothing has no word."""
    return {video.manipulation.casefold() for video in videos if video.label == 0} - {UNSAID}
