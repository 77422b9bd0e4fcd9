"""What training and validation know of a split's test: flags of each video, and counts by data set."""

from collections.abc import Mapping, Sequence
from typing import Any

from clipforensics.core.records import Video
from clipforensics.protocol.tables import FLAGS, VAL_FLAGS
from clipforensics.splits import leakage
from clipforensics.splits.parts import Split


def flags_of(made: Split) -> dict[str, dict[str, list[bool]]]:
    """Part -> column -> its leak flag of every video, as `protocol.tables.write_split` takes them."""
    same = {name: name for name in FLAGS}
    return {
        "train": {"unknown": [video.unknown for video in made.train]},
        "val": _columns(leakage.find_leaks(made.train, made.val), same),
        "test": _columns(leakage.find_leaks(made.train, made.test), same)
        | _columns(leakage.find_leaks(made.val, made.test), VAL_FLAGS),
    }


def audit_of(made: Split, groups: Mapping[str, int]) -> dict[str, Any]:
    """Counts of the test of the data set that is trained on; those of others stand under `elsewhere`.

    Args:
        made: The split.
        groups: Identity group of each video, by key.

    Returns:
        As `leakage.audit`, and under `validation` the same of what validation knows; `unknown_identity`:
        videos by part of which nobody can say who is in them. JSON-ready.
    """
    by_data_set: dict[str, list[Video]] = {made.train[0].dataset: []}
    for video in made.test:
        by_data_set.setdefault(video.dataset, []).append(video)
    own, *others = by_data_set.items()
    unknown = {"train": made.train, "val": made.val, "test": own[1]}
    audit: dict[str, Any] = {
        "unknown_identity": {part: leakage.count_unknown(members) for part, members in unknown.items()},
        **_audit(made, own[1], groups),
    }
    if others:
        audit["elsewhere"] = {name: _audit(made, test, groups) for name, test in others}
    return audit


def summary(made: Split) -> str:
    """What training knows of the test, and how much is in no part."""
    text = leakage.summary(made.test, leakage.find_leaks(made.train, made.test))
    return text + (f"; {len(made.left_out)} left out: {made.why}" if made.left_out else "")


def _audit(made: Split, test: Sequence[Video], groups: Mapping[str, int]) -> dict[str, Any]:
    of_test = [groups[video.key] for video in test]
    known_to_validation = leakage.audit(made.val, test, of_test)
    return {**leakage.audit(made.train, test, of_test), "validation": known_to_validation}


def _columns(leaks: list[leakage.Leak], flags: dict[str, str]) -> dict[str, list[bool]]:
    """Column -> its flag of every video."""
    return {column: [getattr(leak, flag) for leak in leaks] for column, flag in flags.items()}
