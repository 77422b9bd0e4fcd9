"""Every split of every train set, made of the names of videos alone, as the stage will make it."""

from clipforensics.check.footage import Footage
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.core.records import Video
from clipforensics.protocol.cells import Protocol, fold_of, order_manipulations
from clipforensics.splits import leakage, parts
from clipforensics.splits.by_name import SplitSection, make_split


def check_splits(params: Params, footage: Footage, problems: Problems) -> None:
    """Train sets and test manipulations against the data set's; then each split, with its gate on leaks.

    Digests are not known yet, so that what identical files do to a split is seen only by the stage.

    Args:
        params: As far as it is right.
        footage: The data set.
        problems: Receives what is wrong.
    """
    protocol, settings = params.section(Protocol), params.section(SplitSection)
    if protocol is None or settings is None:
        return
    where, available = f"{params.path}: protocol", parts.available_manipulations(footage.videos)
    tested: tuple[str, ...] = ()
    with problems.caught(where):
        tested = parts.resolve_test_manipulations(protocol.test_manipulations, available)
    for train_set in protocol.train_sets:
        trained: tuple[str, ...] = ()
        with problems.caught(where):
            trained = parts.parse_train_set(train_set, available)
        for split in protocol.splits if trained and tested else ():
            with problems.caught(f"split {split} of {train_set}"):
                made = make_split(split, footage.videos, settings, trained, tested)
                _check_made(made, split, train_set, protocol, settings)


def _check_made(
    made: parts.Split, split: str, train_set: str, protocol: Protocol, settings: SplitSection
) -> None:
    """What evaluate and the gate on leaks would say."""
    present = _manipulations(made.test)
    one_fold = fold_of(split) is not None
    order_manipulations(protocol.test_manipulations, present, trained=train_set, one_fold=one_fold)
    if settings.on_leak == "fail":
        leakage.check_clean(f"split {split} of {train_set}", made.train, made.test)


def _manipulations(videos: tuple[Video, ...]) -> list[str]:
    return sorted({video.manipulation for video in videos if video.label})
