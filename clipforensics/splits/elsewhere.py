"""Test videos of data sets that are only tested on, added to a split of the one that is trained on.

They change nothing in that split: the same people train, validate and test. What a protocol promises of its
test holds for them too: where it parts identities, whoever training or validation has seen is left out (data
sets made of the same footage share people, and films may share a YouTube video or all their bytes).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video, data_set_of
from clipforensics.protocol.cells import REPEATS, fold_of, protocol_of
from clipforensics.splits.allocation import class_shares, fill_parts
from clipforensics.splits.leakage import find_leaks, groups_by_key, identity_groups, people_in
from clipforensics.splits.parts import Split

SEEN = "videos of other data sets show somebody from training or validation"

PARTING = ("grouped", "grouped_cut", REPEATS)
"""Protocols, beside folds, that promise that nobody is in two parts."""


def part_from(videos: Sequence[Video]) -> tuple[list[Video], list[Video]]:
    """The videos of the data set that is trained on, which comes first, and those of all others."""
    trained_on = videos[0].dataset if videos else ""
    own = [video for video in videos if video.dataset == trained_on]
    return own, [video for video in videos if video.dataset != trained_on]


def own_manipulations(tested: Sequence[str]) -> list[str]:
    """Of test manipulations those of the data set that is trained on.

    Raises:
        InputError: there are none, so that its own test would have reals alone.
    """
    own = [name for name in tested if not data_set_of(name)]
    if not own:
        raise InputError(
            f"protocol.test_manipulations {list(tested)}: names none of the data set that is trained on;"
            " add one: protocol.test_on tests on the others beside it"
        )
    return own


def add_elsewhere(
    name: str, of_split: Callable[[str], Split], elsewhere: Sequence[Video], *, n_folds: int, seed: int
) -> Split:
    """A split of the data set that is trained on, with the videos of the others in its test.

    Each fold tests a share of these, so that over all folds every video is tested once; see `deal`.

    Args:
        name: As in `protocol.splits`.
        of_split: Makes a split of the one data set, by its name.
        elsewhere: All videos of the others.
        n_folds: Of grouped_kfold.
        seed: Of the order in which folds are dealt to.
    """
    made, fold = of_split(name), fold_of(name)
    if not elsewhere:
        return made
    added = list(elsewhere)
    if fold is not None:
        tests = [of_split(f"{protocol_of(name)}-{number + 1}").test for number in range(n_folds)]
        folds = deal(elsewhere, tests, seed=seed)
        added = [video for video, where in zip(elsewhere, folds, strict=True) if where == fold - 1]
    lost: list[Video] = []
    if fold is not None or protocol_of(name) in PARTING:
        leaks = find_leaks([*made.train, *made.val], added)
        lost = [video for video, leak in zip(added, leaks, strict=True) if leak.any_seen]
    gone = {video.key for video in lost}
    why = "; ".join(filter(None, (made.why, f"{len(lost)} {SEEN}" if lost else "")))
    return replace(
        made,
        test=(*made.test, *(video for video in added if video.key not in gone)),
        left_out=(*made.left_out, *lost),
        why=why,
    )


def groups_of(made: Split, videos: Sequence[Video]) -> dict[str, int]:
    """Identity group of each video of a split by its key: what the bootstrap draws.

    Groups of the data set that is trained on are those that it has by itself, whatever else is tested: its
    intervals do not change with the others. A video of another joins the group of whom it shows.

    Args:
        made: The split.
        videos: The whole table. What a split leaves out because it ties parts together must not tie them in
            the bootstrap either; where it leaves out nothing, groups are those of the table, and the same in
            every split.
    """
    first = made.train[0].dataset
    cut = any(video.dataset == first for video in made.left_out)
    own = [video for video in [*made.train, *made.val, *made.test] if video.dataset == first]
    own = own if cut else [video for video in videos if video.dataset == first]
    groups = groups_by_key(own)
    others = [video for video in made.test if video.dataset != first]
    together = identity_groups([*own, *others]).tolist()
    theirs: dict[int, int] = {}
    for video, group in zip(own, together, strict=False):
        theirs.setdefault(group, groups[video.key])
    for video, group in zip(others, together[len(own) :], strict=True):
        groups[video.key] = theirs.setdefault(group, len(own) + group)
    return groups


def deal(elsewhere: Sequence[Video], tests: Sequence[Sequence[Video]], *, seed: int) -> list[int]:
    """The fold in which each video of another data set is tested.

    A video goes where most of the people are tested whom it shares with the data set that is trained on, so
    that its model has seen nobody in it, if that is possible. Identity groups of strangers go whole to the
    fold that lacks most of what they hold.

    Args:
        elsewhere: Videos of other data sets.
        tests: Of each fold the test videos of the data set that is trained on.
        seed: Of the order of groups of one size.

    Returns:
        Number of the fold from 0, for each video.
    """
    home = _homes(elsewhere, tests)
    strangers = sorted((video for video in elsewhere if video.key not in home), key=lambda video: video.key)
    if strangers:
        groups = identity_groups(strangers)
        shares = class_shares([video.manipulation for video in strangers], groups)
        dealt = fill_parts(shares, [1 / len(tests)] * len(tests), seed)
        home |= {video.key: int(dealt[group]) for video, group in zip(strangers, groups, strict=True)}
    return [home[video.key] for video in elsewhere]


def _homes(elsewhere: Sequence[Video], tests: Sequence[Sequence[Video]]) -> dict[str, int]:
    """Fold of each video, by key, that shows somebody who is tested in one: where most of these are."""
    own = [(video, fold) for fold, test in enumerate(tests) for video in test]
    people = people_in([*elsewhere, *(video for video, _ in own)])
    folds: dict[int, set[int]] = {}
    for (_, fold), some in zip(own, people[len(elsewhere) :], strict=True):
        for person in some.tolist():
            folds.setdefault(person, set()).add(fold)
    found = {}
    for video, some in zip(elsewhere, people, strict=False):
        counts = Counter(fold for person in some.tolist() for fold in folds.get(person, ()))
        if counts:
            found[video.key] = min(counts, key=lambda fold: (-counts[fold], fold))
    return found
