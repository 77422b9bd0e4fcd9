"""Which part each identity group goes to, so that all classes get their fractions at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def class_shares(classes: Sequence[str], groups: Ints) -> Floats:
    """Count how much of each class each group holds.

    Args:
        classes: Class of each video.
        groups: Shape (n_videos,), group of each video, numbered from 0.

    Returns:
        Shape (n_groups, n_classes), each column summing to 1; columns sorted by class.
    """
    names, columns = np.unique(np.asarray(classes), return_inverse=True)
    counts = np.zeros((int(groups.max()) + 1, len(names)))
    np.add.at(counts, (groups, columns.astype(np.int64)), 1)
    return counts / counts.sum(axis=0)


def fill_parts(shares: Floats, fractions: Sequence[float], seed: int) -> Ints:
    """Give each group to the part that lacks most of what the group holds, largest groups first.

    Placing a group of shares s where the lack is d changes the squared error over all parts and
    classes by s.s - 2 s.d, so the largest s.d is the best next step.

    Args:
        shares: Shape (n_groups, n_classes), as `class_shares` counts them.
        fractions: Wanted share of each part.
        seed: Of the order of groups of one size.

    Returns:
        Shape (n_groups,), the index of each group's part.
    """
    # Rounded, so that sums that differ only in their last bit are ties.
    order = np.random.default_rng(seed).permutation(len(shares))
    order = order[np.argsort(-shares[order].sum(axis=1).round(9), kind="stable")]
    lack = np.repeat(np.asarray(fractions, dtype=float)[:, None], shares.shape[1], axis=1)
    parts = np.empty(len(shares), dtype=np.int64)
    for group in order:
        parts[group] = np.argmax((lack * shares[group]).sum(axis=1).round(12))
        lack[parts[group]] -= shares[group]
    return parts


def mend_parts(parts: Ints, supply: Ints) -> Ints:
    """Where a part lacks a label, move to it the smallest group that helps and can be spared.

    Args:
        parts: Shape (n_groups,), part of each group.
        supply: Shape (n_parts, n_labels, n_groups): videos of each label that a group brings to a part.

    Returns:
        Mended copy of `parts`; a lack that no single group can mend stays.
    """
    parts = parts.copy()
    by_size = np.argsort(supply.sum(axis=(0, 1)), kind="stable")
    for part, label in np.ndindex(supply.shape[:2]):
        if supply[part, label, parts == part].any():
            continue
        helpful = (int(g) for g in by_size if supply[part, label, g])
        spare = next((g for g in helpful if _can_spare(parts, supply, g)), None)
        if spare is not None:
            parts[spare] = part
    return parts


def _can_spare(parts: Ints, supply: Ints, group: int) -> bool:
    """Whether the group's part keeps each label that it has once the group is gone."""
    brought = supply[parts[group]]
    left = brought[:, parts == parts[group]].sum(axis=1) - brought[:, group]
    return bool(((left > 0) | (brought[:, group] == 0)).all())
