"""The split that a data set's publisher made, as far as it goes: column `part` of the table of videos."""

from collections.abc import Sequence

from clipforensics.core.faults import InputError
from clipforensics.core.records import PARTS, REAL, Video
from clipforensics.splits.parts import (
    Split,
    build_split,
    check_fractions,
    check_manipulations,
    cut_class,
    shuffler,
)

REMEDY = "name FaceForensics++'s lists in split.train_list, val_list and test_list, or take another protocol"


def has_parts(videos: Sequence[Video]) -> bool:
    """Whether the publisher put any video into a part."""
    return any(video.part for video in videos)


def split_published(
    videos: Sequence[Video],
    *,
    train_manipulations: Sequence[str],
    test_manipulations: Sequence[str],
    train_fractions: Sequence[float],
    seed: int,
) -> Split:
    """Test as published; train and val too, of each class that has a published val.

    A class (real, and every training manipulation) of which the publisher puts nothing into val, has its val
    drawn from its train, by itself, as `split_per_class` does, in the proportion of the first two of
    `train_fractions`: blind to identities, so that val may show people of train. A published val of other
    classes says nothing of it. A video that is in no part is left out.

    Args:
        videos: The table; order does not matter.
        train_manipulations: Manipulations in train and val.
        test_manipulations: Manipulations in test; may hold training manipulations (in-domain).
        train_fractions: Train and val share, and perhaps a test share, which is not used.
        seed: Of the draw of val.

    Raises:
        InputError: a part is none of `PARTS`, nothing is published for test or train, or nothing of a class
            without a val for train, fractions, a manipulation that does not exist, or a part lacks a label.
    """
    check_manipulations(videos, train_manipulations, test_manipulations)
    part_of = {video.key: video.part for video in videos if video.part}
    _check_parts(part_of)
    without = _without_val(videos, train_manipulations)
    if without:
        check_fractions("train_fractions", train_fractions, (2, 3))
        part_of |= _draw_val(without, train_fractions, seed)
    why = "their publisher puts them in no part"
    return build_split(videos, part_of, train_manipulations, test_manipulations, why=why)


def _check_parts(part_of: dict[str, str]) -> None:
    for key, part in part_of.items():
        if part not in PARTS:
            raise InputError(f"video {key!r}: part {part!r} must be one of {', '.join(PARTS)}; mend it")
    for part in ("test", "train"):
        if part not in part_of.values():
            raise InputError(
                f"official: the data set's publisher puts no video into {part} (column `part` of"
                f" data/videos.csv); {REMEDY}"
            )


def _without_val(videos: Sequence[Video], train_manipulations: Sequence[str]) -> dict[str, list[Video]]:
    """Class -> its published training videos, of each class in use that has no published val."""
    found = {}
    for name in (REAL, *train_manipulations):
        mine = [v for v in videos if (v.label == 0 if name == REAL else v.label and v.manipulation == name)]
        if not any(video.part == "val" for video in mine):
            found[name] = [video for video in mine if video.part == "train"]
            if not found[name]:
                raise InputError(
                    f"official: the data set's publisher puts no video of {name} into train or val (column"
                    f" `part` of data/videos.csv); {REMEDY}"
                )
    return found


def _draw_val(classes: dict[str, list[Video]], fractions: Sequence[float], seed: int) -> dict[str, str]:
    """Train or val for each published training video of these classes, by key."""
    whole = fractions[0] + fractions[1]
    if whole <= 0:
        raise InputError(f"train_fractions {list(fractions)}: leave nothing to train on; mend them")
    shares = [fractions[0] / whole, fractions[1] / whole]
    shuffled = shuffler("per_class", seed)
    part_of: dict[str, str] = {}
    for name, videos in classes.items():
        part_of |= cut_class(videos, shuffled, shares, name)
    return part_of
