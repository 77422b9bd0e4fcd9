"""Who is in which video, and how much of the test set the training set already knows.

Identities are scoped by whose names they are (id `000` of two data sets is two people, unless both profiles
say `identities_of` the same); YouTube ids are global.
An empty id or YouTube id is unknown and never equals another unknown one.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video


@dataclass(frozen=True, slots=True)
class Leak:
    """What training knows about one test video.

    Attributes:
        target_is_training_real: The target's real footage is in training (field's usual count).
        source_is_training_real: The source's real footage is in training.
        in_training_fake: Target or source occurs in a manipulated training video, in either role.
        target_seen: The target's id occurs in any training video, in either role.
        source_seen: The source's id occurs in any training video, in either role.
        id_seen: `target_seen` or `source_seen`, or the same of one of the video's other identities.
        youtube_seen: One of the video's YouTube ids occurs in training, whatever the sequence id.
        any_seen: `id_seen`, `youtube_seen` or `same_content`. False says that nothing is known to be shared,
            which of an `unknown` video is no evidence of anything.
        twin: A manipulated training video has the same (known) target and the same (known) source;
            another manipulation, or another compression or take of the same one.
        same_content: A training video has the same bytes, under whatever name.
        unknown: Nobody can say who is in the test video (`Video.unknown`); whatever training holds.
    """

    target_is_training_real: bool
    source_is_training_real: bool
    in_training_fake: bool
    target_seen: bool
    source_seen: bool
    id_seen: bool
    youtube_seen: bool
    any_seen: bool
    twin: bool
    same_content: bool
    unknown: bool


def identity_groups(videos: Sequence[Video]) -> npt.NDArray[np.int64]:
    """Number the groups of videos that are connected through a shared identity.

    Two videos are in one group if a chain of videos links them in which neighbours share a
    target, a source or another identity (in any role), a YouTube id or all their bytes. A video of unknown
    identity is alone.

    Returns:
        Shape (n_videos,), group of each video, numbered from 0 in order of first appearance.
    """
    parent: dict[Hashable, Hashable] = {}
    nodes = [_nodes(video) or [("alone", number)] for number, video in enumerate(videos)]
    for linked in nodes:
        root = _root(parent, linked[0])
        for node in linked[1:]:
            parent[_root(parent, node)] = root
    numbers: dict[Hashable, int] = {}
    groups = [numbers.setdefault(_root(parent, linked[0]), len(numbers)) for linked in nodes]
    return np.array(groups, dtype=np.int64)


def people_in(videos: Sequence[Video]) -> list[npt.NDArray[np.int64]]:
    """Number the people of each video: what must not be in two parts, without what only swaps tie together.

    An id and the YouTube id of the same footage are one person, and so are all ids of one YouTube video.
    Videos of the same bytes share one that stands for them. A video of nobody known is a person of its own.

    Returns:
        For each video, numbers of at least one person, each once; numbered from 0 in order of appearance.
    """
    parent: dict[Hashable, Hashable] = {}
    for video in videos:
        for name, youtube in ((video.target, video.target_youtube), (video.source, video.source_youtube)):
            if name and youtube:
                parent[_root(parent, ("id", _id(video, name)))] = _root(parent, ("youtube", youtube))
    copies = Counter(video.sha256 for video in videos if video.sha256)
    numbers: dict[Hashable, int] = {}
    found = []
    for number, video in enumerate(videos):
        nodes = [n for n in _nodes(video) if n != ("content", video.sha256) or copies[video.sha256] > 1]
        roots = [_root(parent, node) for node in nodes or [("alone", number)]]
        people = (numbers.setdefault(root, len(numbers)) for root in roots)
        found.append(np.array(list(dict.fromkeys(people)), dtype=np.int64))
    return found


@contextmanager
def copies_named(videos: Sequence[Video]) -> Iterator[None]:
    """Where a split by identity fails in the body, say which videos are one file: it never parts them.

    Raises:
        InputError: the body's, with that added if there are any.
    """
    try:
        yield
    except InputError as error:
        raise InputError(f"{error}{_about_copies(videos)}") from error


def _about_copies(videos: Sequence[Video]) -> str:
    """Videos whose bytes are those of another one, with the first two named; empty if there are none."""
    same: dict[str, list[str]] = {}
    for video in videos:
        if video.sha256:
            same.setdefault(video.sha256, []).append(video.path)
    copies = [paths for paths in same.values() if len(paths) > 1]
    if not copies:
        return ""
    return (
        f". {sum(map(len, copies))} of these {len(videos)} videos are the same file as another, so"
        f" {copies[0][0]!r} and {copies[0][1]!r}, and count as one identity (sha256 in data/videos.csv);"
        " remove copies, or mend the files if they should differ"
    )


def groups_by_key(videos: Iterable[Video]) -> dict[str, int]:
    """Identity group of each video by its key, numbered in the sorted order of keys.

    Taken over the whole table, so that a video's group is the same in every split.
    """
    ordered = sorted(videos, key=lambda video: video.key)
    numbers = identity_groups(ordered).tolist()
    return {video.key: number for video, number in zip(ordered, numbers, strict=True)}


def count_unknown(videos: Iterable[Video]) -> int:
    """Videos of which nobody can say who is in them (`Video.unknown`)."""
    return sum(video.unknown for video in videos)


def summary(test: Sequence[Video], leaks: Sequence[Leak]) -> str:
    """One line: how many test fakes have a twin, and how many fakes and reals a seen identity."""
    pairs = list(zip(test, leaks, strict=True))
    fakes, reals = ([leak for video, leak in pairs if video.label == label] for label in (1, 0))
    unknown = count_unknown(test)
    twins, seen = sum(leak.twin for leak in fakes), sum(leak.any_seen for leak in fakes)
    return (
        f"in test {twins} of {len(fakes)} fakes have a twin in training, {seen} a seen identity,"
        f" of {len(reals)} reals {sum(leak.any_seen for leak in reals)}"
        + (f"; of {unknown} it is not known who is in them" if unknown else "")
    )


def find_leaks(train: Iterable[Video], test: Sequence[Video]) -> list[Leak]:
    """Compare every test video with the whole training set.

    Args:
        train: Training videos, real and manipulated.
        test: Videos to audit, real and manipulated.

    Returns:
        One `Leak` a test video, in the order of `test`.
    """
    train = list(train)
    real_ids = {i for video in train if video.label == 0 for i in _ids(video)}
    fake_ids = {i for video in train if video.label == 1 for i in _ids(video)}
    youtube = {i for video in train for i in _youtube(video)}
    pairs = {_pair(video) for video in train if video.label == 1 and video.target and video.source}
    contents = {video.sha256 for video in train if video.sha256}
    return [_leak(video, real_ids, fake_ids, youtube, pairs, contents) for video in test]


def check_clean(name: str, train: Sequence[Video], val: Sequence[Video], test: Sequence[Video]) -> None:
    """The gate of `split.on_leak: fail`.

    Raises:
        InputError: training or validation, on which everything is chosen, has seen somebody in the test, or
            it is not known who is in a video.
    """
    leaks, chosen_on = find_leaks(train, test), sum(leak.any_seen for leak in find_leaks(val, test))
    if chosen_on or any(leak.any_seen for leak in leaks):
        raise InputError(
            f"split.on_leak is fail, and {name} leaks: {summary(test, leaks)}; validation has seen"
            f" somebody in {chosen_on} of {len(test)}; take a grouped protocol in protocol.splits, or set"
            " split.on_leak to report"
        )
    unknown = count_unknown([*train, *val, *test])
    if unknown:
        raise InputError(
            f"split.on_leak is fail, and in {name} it is not known who is in {unknown} videos (no target, or"
            " a fake without a source), so a leak would go unseen; name them, or set split.on_leak to report"
        )


def audit(
    train: Iterable[Video], test: Sequence[Video], groups: Sequence[int] | None = None
) -> dict[str, object]:
    """Count the leaks from training into test.

    Args:
        train: Training videos, real and manipulated.
        test: Videos to audit, real and manipulated.
        groups: Identity group of each test video; None: as the test videos alone link one another.

    Returns:
        `real`, `fake` and, under `manipulations`, each manipulation: a row with `n` (test videos),
        `n_groups` (identity groups that they are of: two reals that a fake links are of one) and, for each
        attribute of `Leak`, how many test videos have it. Whole numbers, ready for JSON.
    """
    leaks = find_leaks(train, test)
    of = identity_groups(test).tolist() if groups is None else list(groups)
    names = sorted({video.manipulation for video in test if video.label == 1})

    def row(chosen: list[bool]) -> dict[str, int]:
        counted = [one for one, yes in zip(leaks, chosen, strict=True) if yes]
        return _count(counted, {group for group, yes in zip(of, chosen, strict=True) if yes})

    return {
        "real": row([video.label == 0 for video in test]),
        "fake": row([video.label == 1 for video in test]),
        "manipulations": {
            name: row([video.label == 1 and video.manipulation == name for video in test]) for name in names
        },
    }


def _count(leaks: Sequence[Leak], groups: Collection[int]) -> dict[str, int]:
    counts = {field.name: sum(getattr(leak, field.name) for leak in leaks) for field in fields(Leak)}
    return {"n": len(leaks), "n_groups": len(groups), **counts}


def _leak(
    video: Video,
    real_ids: set[Hashable],
    fake_ids: set[Hashable],
    youtube: set[str],
    pairs: set[Hashable],
    contents: set[str],
) -> Leak:
    target, source = _id(video, video.target), _id(video, video.source)
    seen = {i for i in _ids(video) if i in real_ids or i in fake_ids}
    target_seen = bool(video.target) and target in seen
    source_seen = bool(video.source) and source in seen
    youtube_seen = any(i in youtube for i in _youtube(video))
    same_content = video.sha256 in contents
    return Leak(
        target_is_training_real=bool(video.target) and target in real_ids,
        source_is_training_real=bool(video.source) and source in real_ids,
        in_training_fake=any(i in fake_ids for i in _ids(video)),
        target_seen=target_seen,
        source_seen=source_seen,
        id_seen=bool(seen),
        youtube_seen=youtube_seen,
        any_seen=bool(seen) or youtube_seen or same_content,
        twin=_pair(video) in pairs,
        same_content=same_content,
        unknown=video.unknown,
    )


def _id(video: Video, name: str) -> Hashable:
    return (video.identities_of or video.dataset, name)


def _pair(video: Video) -> Hashable:
    return (video.identities_of or video.dataset, video.target, video.source)


def _ids(video: Video) -> list[Hashable]:
    return [_id(video, name) for name in video.people]


def _youtube(video: Video) -> list[str]:
    return [name for name in (video.target_youtube, video.source_youtube) if name]


def _nodes(video: Video) -> list[Hashable]:
    """What ties a video to others: identities and content; tagged, as texts of two kinds may be equal."""
    ids: list[Hashable] = [("id", i) for i in _ids(video)]
    contents: list[Hashable] = [("content", video.sha256)] if video.sha256 else []
    return ids + [("youtube", name) for name in _youtube(video)] + contents


def _root(parent: dict[Hashable, Hashable], node: Hashable) -> Hashable:
    """The representative of a node's set, halving the path on the way (union-find)."""
    parent.setdefault(node, node)
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node
