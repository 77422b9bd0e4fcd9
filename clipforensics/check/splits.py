"""Every split of every train set, made of the names of videos alone, as the stage will make it."""

from collections.abc import Sequence

from clipforensics.check.footage import Footage
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.core.records import Video
from clipforensics.protocol.cells import (
    REPEATS,
    Protocol,
    by_protocol,
    fold_of,
    order_manipulations,
    protocol_of,
)
from clipforensics.splits import leakage, parts
from clipforensics.splits.by_name import SplitSection, make_split, read_lists, uses_parts

PartSizes = dict[str, dict[str, int]]
"""train, val, test -> real, or a manipulation -> videos."""


def check_splits(
    params: Params, footage: Footage | None, problems: Problems
) -> dict[tuple[str, str], PartSizes]:
    """Folds, fractions and lists; then train sets and tests against the data set; then each split.

    Digests are not known yet, so that what identical files do to a split is seen only by the stage.

    Args:
        params: As far as it is right.
        footage: The data set, None if it could not be listed.
        problems: Receives what is wrong.

    Returns:
        By split and train set, those that can be made.
    """
    protocol, settings = params.section(Protocol), params.section(SplitSection)
    sizes: dict[tuple[str, str], PartSizes] = {}
    if protocol is None or settings is None:
        return sizes
    before = len(problems.lines)
    videos = footage.videos if footage else []
    _check_settings(protocol, settings, videos, str(params.path), problems, listed=footage is not None)
    if footage is None or len(problems.lines) > before:
        return sizes
    where, available = f"{params.path}: protocol", parts.available_manipulations(footage.all_videos)
    tested: tuple[str, ...] = ()
    with problems.caught(where):
        tested = parts.resolve_test_manipulations(protocol.test_manipulations, available)
    for train_set in protocol.train_sets:
        trained: tuple[str, ...] = ()
        with problems.caught(where):
            trained = parts.parse_train_set(train_set, available)
        for split in protocol.splits if trained and tested else ():
            name = f"split {split} of {train_set}"
            with problems.caught(name):
                made = make_split(split, footage.all_videos, settings, trained, tested)
                _check_made(made, split, train_set, protocol)
                sizes[split, train_set] = made.sizes()
                if settings.on_leak == "fail":
                    with problems.caught():
                        leakage.check_clean(name, made.train, made.val, made.test)
    return sizes


def _check_settings(
    protocol: Protocol,
    split: SplitSection,
    videos: Sequence[Video],
    where: str,
    problems: Problems,
    *,
    listed: bool,
) -> None:
    """Folds are whole, fractions are fractions, lists are there: those of protocols that are asked for."""
    asked = {protocol_of(name) for name in protocol.splits}
    with problems.caught(where):
        by_protocol(protocol.splits, split.n_folds)
    if "per_class" in asked:
        with problems.caught(f"{where}: split"):
            parts.check_fractions("real_fractions", split.real_fractions, (3,))
        with problems.caught(f"{where}: split"):
            parts.check_fractions("train_fractions", split.train_fractions, (2, 3))
    if asked & {"grouped", "grouped_cut", REPEATS}:
        with problems.caught(f"{where}: split"):
            parts.check_fractions("grouped_fractions", split.grouped_fractions, (3,), positive=True)
    named = any((split.train_list, split.val_list, split.test_list))
    if "official" in asked and (named or listed) and not uses_parts(videos, split):
        with problems.caught(where):
            read_lists(split)


def _check_made(made: parts.Split, split: str, train_set: str, protocol: Protocol) -> None:
    """Whether what shall be tested is in the test part, as evaluate would find."""
    present, one_fold = _manipulations(made.test), fold_of(split) is not None
    order_manipulations(protocol.test_manipulations, present, trained=train_set, one_fold=one_fold)


def _manipulations(videos: tuple[Video, ...]) -> list[str]:
    return sorted({video.manipulation for video in videos if video.label})
