"""Who trains, validates and tests: by class, by identity, or by the data set's own lists.

All of them agree in this: train and val hold real videos and the training manipulations only;
test holds real videos and the test manipulations; no video is in two parts; each part keeps the
order of the table of videos; the result does not depend on that order.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.core.params import nearest
from clipforensics.core.records import PARTS, REST, Video, data_set_of
from clipforensics.splits.allocation import class_shares, fill_parts, mend_parts
from clipforensics.splits.leakage import copies_named, identity_groups

NO_FAKES = "it has no manipulated video; check its root and its profile in conf/data"
_REMEDY = (
    "change the fractions, lists or manipulations, or add videos (by identity, videos that share people"
    " cannot be parted; grouped_cut parts the people and leaves such videos out)"
)

Shuffle = Literal["per_class", "one_stream", "numpy"]


@dataclass(frozen=True, slots=True)
class Split:
    """Disjoint parts of a table of videos, each with both labels; train and val without test's
    manipulations, unless the protocol tests in-domain as well.

    `left_out` are videos of real footage and of these manipulations that the protocol puts into no part, for
    the reason `why`.
    """

    train: tuple[Video, ...]
    val: tuple[Video, ...]
    test: tuple[Video, ...]
    left_out: tuple[Video, ...] = ()
    why: str = ""

    def parts(self) -> dict[str, tuple[Video, ...]]:
        """The parts by name, in the order train, val, test."""
        return {name: getattr(self, name) for name in PARTS}

    def sizes(self) -> dict[str, dict[str, int]]:
        """Videos of each part: `real`, and each manipulation that it holds."""
        counts = {name: Counter(video.manipulation for video in part) for name, part in self.parts().items()}
        return {name: dict(sorted(count.items())) for name, count in counts.items()}


def available_manipulations(videos: Iterable[Video]) -> list[str]:
    """Manipulations that the table has, sorted by name, those of other data sets last; `real` is none."""
    found = {video.manipulation for video in videos if video.label == 1}
    return sorted(found, key=lambda name: (data_set_of(name), name))


def parse_train_set(train_set: str, available: Collection[str]) -> tuple[str, ...]:
    """Read the name of a train set: a manipulation, or several joined by `+`.

    Raises:
        InputError: the name could not be a folder's name, names a manipulation twice, or names
            one that is not in `available`.
    """
    names = tuple(train_set.split("+"))
    # The name becomes a folder and a file name, so nothing that could leave its folder.
    if not all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name) for name in names):
        raise InputError(
            f"train set {train_set!r}: must be manipulations joined by `+`, of letters, digits, `_`, `-`"
            " and `.`; for instance FaceSwap or Deepfakes+FaceSwap"
        )
    if len(set(names)) < len(names):
        raise InputError(f"train set {train_set!r}: names a manipulation twice; name each one once")
    _check_known(names, available, f"train set {train_set!r}")
    return names


def resolve_test_manipulations(listed: Sequence[str], available: Collection[str]) -> tuple[str, ...]:
    """Replace `rest` by every manipulation that is not listed; the first one is the headline.

    Raises:
        InputError: the list is empty, names a manipulation twice or one that does not exist.
    """
    if not listed:
        raise InputError("test manipulations: the list is empty; name one, or `rest` for all")
    if len(set(listed)) < len(listed):
        raise InputError(f"test manipulations {list(listed)}: one is named twice; name each one once")
    named = [name for name in listed if name != REST]
    _check_known(named, available, "test manipulations")
    rest = sorted(set(available) - set(named), key=lambda name: (data_set_of(name), name))
    return tuple(name for entry in listed for name in (rest if entry == REST else [entry]))


def split_per_class(
    videos: Sequence[Video],
    *,
    train_manipulations: Sequence[str],
    test_manipulations: Sequence[str],
    real_fractions: Sequence[float],
    train_fractions: Sequence[float],
    seed: int,
    shuffle: Shuffle = "per_class",
) -> Split:
    """Split every class by itself, blind to identities: the report's protocol, which leaks.

    The names of a class (real, or one training manipulation) are sorted and shuffled; the first go
    to train, the next to val, the rest to test. A name's videos in several compressions stay
    together. Test manipulations that are not trained on go to test whole; a training manipulation
    is in test only if it is a test manipulation and `train_fractions` has a third number.

    Rounding: a part ends at the cumulative fraction times n, rounded half up; then a part with a
    positive fraction that got nothing takes one name from the largest part.

    Args:
        videos: The table; order does not matter.
        train_manipulations: Manipulations in train and val.
        test_manipulations: Manipulations in test, as `resolve_test_manipulations` gives them.
        real_fractions: Train, val, test share of the real videos; sum 1.
        train_fractions: Train, val and, optionally, test share of each training manipulation; sum 1.
        seed: Of the shuffle.
        shuffle: `per_class` starts `random.Random(seed)` anew for each class; `one_stream` shuffles
            real, then the training manipulations, with one generator; `numpy` takes
            `numpy.random.RandomState(seed).permutation` for each class. They exist because published
            splits use all three, and the leak differs.

    Raises:
        InputError: fractions, a manipulation that does not exist, too few videos, or a part
            without one of the labels.
    """
    check_manipulations(videos, train_manipulations, test_manipulations)
    check_fractions("real_fractions", real_fractions, (3,))
    check_fractions("train_fractions", train_fractions, (2, 3))
    shuffled = shuffler(shuffle, seed)
    real = [video for video in videos if video.label == 0]
    part_of = cut_class(real, shuffled, real_fractions, "real")
    for name in train_manipulations:
        part_of |= cut_class(_of(videos, name), shuffled, train_fractions, name)
    for name in set(test_manipulations) - set(train_manipulations):
        part_of |= dict.fromkeys((video.key for video in _of(videos, name)), "test")
    return build_split(videos, part_of, train_manipulations, test_manipulations)


def split_by_identity(
    videos: Sequence[Video],
    *,
    train_manipulations: Sequence[str],
    test_manipulations: Sequence[str],
    fractions: Sequence[float],
    seed: int,
) -> Split:
    """Split so that no identity (target, source or YouTube id) is in two parts.

    Whole identity groups go to a part: largest first, equal ones in an order drawn from the seed,
    each to the part that lacks most of what the group holds. "Lacks" is counted in shares of
    each class (real, and every manipulation), so the fractions are approximated in all of them at
    once. Groups are those of the whole table, so one seed puts an identity in the same part for
    every train set, but for two cases: a group without a real video or a training manipulation could
    only be tested, so it goes to test, which takes nothing from training; and where a part would
    otherwise lack a label, a group has to move.

    Args:
        videos: The table; order does not matter.
        train_manipulations: Manipulations in train and val.
        test_manipulations: Manipulations in test; may hold training manipulations (in-domain).
        fractions: Train, val, test share; all positive, sum 1.
        seed: Of the order of groups.

    Raises:
        InputError: fractions, a manipulation that does not exist, or identities so entangled that
            a part would lack a label.
    """
    check_manipulations(videos, train_manipulations, test_manipulations)
    check_fractions("grouped_fractions", fractions, (3,), positive=True)
    ordered = sorted(videos, key=lambda video: video.key)
    groups = identity_groups(ordered)
    shares = class_shares([video.manipulation for video in ordered], groups)
    parts = fill_parts(shares, fractions, seed)
    trainable = [video.label == 0 or video.manipulation in train_manipulations for video in ordered]
    parts[np.setdiff1d(groups, groups[trainable])] = PARTS.index("test")
    parts = mend_parts(parts, _supply(ordered, groups, train_manipulations, test_manipulations))
    part_of = {video.key: PARTS[parts[group]] for video, group in zip(ordered, groups, strict=True)}
    with copies_named(videos):
        return build_split(videos, part_of, train_manipulations, test_manipulations)


def split_official(
    videos: Sequence[Video],
    *,
    train_manipulations: Sequence[str],
    test_manipulations: Sequence[str],
    lists: Mapping[str, Sequence[Sequence[str]]],
) -> Split:
    """Split by published lists of pairs, as FaceForensics++ has them.

    A pair [a, b] puts the real videos a and b and the manipulated videos a_b and b_a into its
    list's part; a video in no list is in no part. No id is in two parts, but YouTube videos can be.

    Args:
        videos: The table; order does not matter.
        train_manipulations: Manipulations in train and val.
        test_manipulations: Manipulations in test; may hold training manipulations (in-domain).
        lists: `train`, `val` and `test`, each a list of pairs of ids.

    Raises:
        InputError: a list is missing or is not one of pairs, an id is in two lists, a manipulation
            does not exist, or a part lacks a label.
    """
    check_manipulations(videos, train_manipulations, test_manipulations)
    names = _names_by_part(lists)
    part_of = {}
    for video in videos:
        name = (video.target, video.source) if video.label else (video.target,)
        if name in names:
            part_of[video.key] = names[name]
    why = "no list names them"
    return build_split(videos, part_of, train_manipulations, test_manipulations, why=why)


def _names_by_part(lists: Mapping[str, Sequence[Sequence[str]]]) -> dict[tuple[str, ...], str]:
    """Part of each (id,) and of each (target, source)."""
    if set(lists) != set(PARTS):
        raise InputError(f"official lists {sorted(lists)}: must be train, val and test; give all three")
    names: dict[tuple[str, ...], str] = {}
    for part in PARTS:
        for pair in lists[part]:
            if not _is_pair(pair):
                raise InputError(f"official list {part}: {pair!r} is not a pair of ids (text); mend it")
            a, b = pair
            for name in ((a,), (b,), (a, b), (b, a)):
                if names.setdefault(name, part) != part:
                    raise InputError(
                        f"official lists: id {name[0]!r} is in {names[name]} and in {part};"
                        " an id must be in one list; mend the lists"
                    )
    return names


def _is_pair(value: object) -> bool:
    is_list = isinstance(value, list | tuple) and len(value) == 2
    return is_list and all(isinstance(name, str) and name for name in value)  # type: ignore[attr-defined]


def _of(videos: Iterable[Video], manipulation: str) -> list[Video]:
    return [video for video in videos if video.label == 1 and video.manipulation == manipulation]


def shuffler(shuffle: Shuffle, seed: int) -> Callable[[list[tuple[str, str]]], list[tuple[str, str]]]:
    """What shuffles the names of one class after another; see `split_per_class`."""
    stream = random.Random(seed)

    def shuffled(names: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if shuffle == "numpy":  # the legacy generator is the point: it is what published code calls
            return [names[i] for i in np.random.RandomState(seed).permutation(len(names))]
        generator = stream if shuffle == "one_stream" else random.Random(seed)
        generator.shuffle(names)
        return names

    if shuffle not in get_args(Shuffle):
        raise InputError(f"shuffle {shuffle!r}: must be one of {', '.join(get_args(Shuffle))}; choose one")
    return shuffled


def cut_class(
    videos: Sequence[Video],
    shuffled: Callable[[list[tuple[str, str]]], list[tuple[str, str]]],
    fractions: Sequence[float],
    label: str,
) -> dict[str, str]:
    """Part of each video (by key) of one class, `label` in messages; see `split_per_class`."""
    names = shuffled(sorted({(video.dataset, video.name) for video in videos}))
    sizes = _sizes(len(names), fractions, label)
    parts = [part for part, size in zip(PARTS, sizes, strict=False) for _ in range(size)]
    part_of_name = dict(zip(names, parts, strict=True))
    return {video.key: part_of_name[video.dataset, video.name] for video in videos}


def _sizes(n: int, fractions: Sequence[float], label: str) -> list[int]:
    """Whole sizes of the parts of n names; see `split_per_class` for the rounding."""
    wanted = sum(fraction > 0 for fraction in fractions)
    if n < wanted:
        raise InputError(
            f"{label}: {n} videos cannot fill {wanted} parts; each part needs one;"
            " add videos or set a fraction to 0"
        )
    # Nine digits hide that .8 + .1 is not .9 in binary, which would move a half.
    ends = [math.floor(round(sum(fractions[: i + 1]) * n, 9) + 0.5) for i in range(len(fractions))]
    sizes = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    for i, fraction in enumerate(fractions):
        if fraction > 0 and sizes[i] == 0:
            sizes[sizes.index(max(sizes))] -= 1
            sizes[i] = 1
    return sizes


def _supply(
    videos: Sequence[Video],
    groups: npt.NDArray[np.int64],
    train_manipulations: Sequence[str],
    test_manipulations: Sequence[str],
) -> npt.NDArray[np.int64]:
    """Shape (n_parts, 2, n_groups): videos of label 0 and 1 that a group would bring to a part."""
    counts = np.zeros((len(PARTS), 2, int(groups.max()) + 1), dtype=np.int64)
    for video, group in zip(videos, groups, strict=True):
        for part, name in enumerate(PARTS):
            allowed = test_manipulations if name == "test" else train_manipulations
            counts[part, video.label, group] += video.label == 0 or video.manipulation in allowed
    return counts


def build_split(
    videos: Sequence[Video],
    part_of: Mapping[str, str],
    train_manipulations: Sequence[str],
    test_manipulations: Sequence[str],
    *,
    why: str = "",
) -> Split:
    """Keep of each part what may be in it, in the table's order, and check it.

    Args:
        videos: The table.
        part_of: Key of a video -> its part; a video that is not here is in none.
        train_manipulations: Manipulations that train and val may hold.
        test_manipulations: Manipulations that test may hold.
        why: Why a video of these kinds may be in no part.

    Raises:
        InputError: a part is empty or lacks a label.
    """
    parts: dict[str, list[Video]] = {part: [] for part in (*PARTS, "left_out")}
    may_be_in = {part: train_manipulations for part in PARTS} | {"test": test_manipulations}
    may_be_in["left_out"] = [*train_manipulations, *test_manipulations]
    for video in videos:
        part = part_of.get(video.key, "left_out")
        if video.label == 0 or video.manipulation in may_be_in[part]:
            parts[part].append(video)
    lost = len(parts["left_out"])
    for part in PARTS:
        _check_part(part, parts[part], f" ({lost} videos are left out: {why})" if lost and why else "")
    return Split(**{part: tuple(members) for part, members in parts.items()}, why=why if lost else "")


def _check_part(part: str, videos: Sequence[Video], note: str) -> None:
    if not videos:
        raise InputError(f"part {part} is empty; it needs real and manipulated videos{note}; {_REMEDY}")
    n_fake = sum(video.label for video in videos)
    if n_fake in (0, len(videos)):
        only = "real" if n_fake == 0 else "manipulated"
        raise InputError(
            f"part {part} holds only {only} videos ({len(videos)}); it needs both{note}; {_REMEDY}"
        )


def _check_known(names: Iterable[str], available: Collection[str], what: str) -> None:
    unknown = [name for name in names if name not in available]
    if unknown:
        has = f"it has {', '.join(sorted(available))}; choose from these"
        raise InputError(
            f"{what}: {', '.join(map(repr, unknown))} is not a manipulation of this data set"
            f"{nearest(unknown[0], available)}; {has if available else NO_FAKES}"
        )


def check_manipulations(
    videos: Sequence[Video], train_manipulations: Sequence[str], test_manipulations: Sequence[str]
) -> None:
    """Raise InputError unless the table has real videos and all of these manipulations."""
    if all(video.label == 1 for video in videos):
        raise InputError("the table of videos holds no real video (label 0); each part needs some; add some")
    available = available_manipulations(videos)
    _check_known(train_manipulations, available, "training manipulations")
    _check_known(test_manipulations, available, "test manipulations")


def check_fractions(
    name: str, fractions: Sequence[float], lengths: tuple[int, ...], *, positive: bool = False
) -> None:
    """Raise InputError unless there are so many fractions, not negative (or positive), that sum to 1."""
    if len(fractions) not in lengths:
        raise InputError(
            f"{name} {list(fractions)}: must be {' or '.join(map(str, lengths))} numbers; mend it"
        )
    low_is_wrong = any(f <= 0 if positive else not f >= 0 for f in fractions)
    if low_is_wrong or not math.isclose(sum(fractions), 1.0, abs_tol=1e-9):
        sign = "positive" if positive else "0 or more"
        raise InputError(
            f"{name} {list(fractions)}: must be {sign} and sum to 1, not {sum(fractions):g}; mend them"
        )
