"""Identity-disjoint folds: every video is tested once, by a model that has seen nobody in it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.splits.allocation import class_shares, fill_parts, mend_parts
from clipforensics.splits.leakage import copies_named, identity_groups
from clipforensics.splits.parts import Split, build_split, check_manipulations

LEAST_FOLDS = 3
"""One to test, one to choose on, one to train on."""


def split_by_fold(
    videos: Sequence[Video],
    *,
    train_manipulations: Sequence[str],
    test_manipulations: Sequence[str],
    n_folds: int,
    fold: int,
    seed: int,
) -> Split:
    """One fold of a grouped K-fold: it tests, the next one (after the last the first) validates.

    Identity groups are dealt to the folds as `parts.split_by_identity` deals them to parts, each fold
    with an equal share of every class. So over all folds each real video, and each video of the test
    manipulations, is tested exactly once, by a model whose training and validation shared no identity
    with it: nothing is left untested, so groups that could only be tested need no place of their own. The
    dealing depends on the seed, and on the manipulations only where a fold would otherwise lack a label and
    a group has to move.

    Args:
        videos: The table; order does not matter.
        train_manipulations: Manipulations in train and val.
        test_manipulations: Manipulations in test; may hold training manipulations (in-domain).
        n_folds: K, at least 3.
        fold: Which one tests, from 1 to K.
        seed: Of the order of groups.

    Raises:
        InputError: a number out of range, a manipulation that does not exist, or identities so
            entangled that a fold would lack a label.
    """
    if n_folds < LEAST_FOLDS:
        raise InputError(f"split.n_folds {n_folds}: must be {LEAST_FOLDS} or more; raise it")
    if not 1 <= fold <= n_folds:
        raise InputError(f"fold {fold}: must be from 1 to {n_folds} (split.n_folds); change protocol.splits")
    check_manipulations(videos, train_manipulations, test_manipulations)
    ordered = sorted(videos, key=lambda video: video.key)
    groups = identity_groups(ordered)
    shares = class_shares([video.manipulation for video in ordered], groups)
    folds = fill_parts(shares, [1 / n_folds] * n_folds, seed)
    folds = mend_parts(folds, _supply(ordered, groups, n_folds, train_manipulations, test_manipulations))
    part_of_fold = {fold - 1: "test", fold % n_folds: "val"}
    part_of = {
        video.key: part_of_fold.get(int(folds[group]), "train")
        for video, group in zip(ordered, groups, strict=True)
    }
    with copies_named(videos):
        return build_split(videos, part_of, train_manipulations, test_manipulations)


def _supply(
    videos: Sequence[Video],
    groups: npt.NDArray[np.int64],
    n_folds: int,
    train_manipulations: Sequence[str],
    test_manipulations: Sequence[str],
) -> npt.NDArray[np.int64]:
    """Shape (n_folds, 3, n_groups): real, trainable and testable videos that a group would bring."""
    kinds = [
        [video.label == 0 for video in videos],
        [video.manipulation in train_manipulations for video in videos],
        [video.manipulation in test_manipulations for video in videos],
    ]
    counts = np.zeros((len(kinds), int(groups.max()) + 1), dtype=np.int64)
    for row, members in enumerate(kinds):
        np.add.at(counts[row], groups[np.array(members)], 1)
    return np.repeat(counts[None], n_folds, axis=0)
