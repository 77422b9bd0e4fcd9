"""Identity-disjoint parts where everybody is tied to everybody: people are parted, videos across left out.

Where celebrities are swapped with one another, as in Celeb-DF, videos that share people make one giant group,
which cannot be parted. So people are: a video stays where all its people are in one part; the others are in
none, and counted. With a share p of the people a part keeps about p squared of the swaps among all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clipforensics.core.records import Video
from clipforensics.splits.allocation import Floats, Ints, class_shares, fill_parts
from clipforensics.splits.leakage import copies_named, identity_groups, people_in
from clipforensics.splits.parts import PARTS, Split, build_split, check_fractions, check_manipulations

STARTS = 8
"""Grown allocations from which the search starts, beside that of whole groups."""

BALANCE = 10.0
"""Weight of the squared distance from the wanted shares against the share of videos that is lost. A larger
train part loses less; at this weight a part ends about .02 from its share where that pulls the most."""


def split_by_cut(
    videos: Sequence[Video],
    *,
    train_manipulations: Sequence[str],
    test_manipulations: Sequence[str],
    fractions: Sequence[float],
    seed: int,
) -> Split:
    """Split people into parts; leave out the videos whose people are in two (`Split.left_out`).

    A person is an identity with its YouTube id, or videos of the same bytes. The search starts from whole
    identity groups, which lose nothing where they are small, and from parts grown around random people, each
    time by the one whose videos with others lie there most. From each start it moves one person at a time,
    in an order drawn from the seed, wherever that lowers the share of videos lost plus `BALANCE` times the
    squared distance of the people's shares from the fractions (means over classes), until no move does. The
    best end counts; one in which each part has both labels goes before one in which a part lacks some.
    A round looks at each video once for each of its people, and rounds are few; growing takes the square of
    the number of people beside.

    People whom neither a real video nor a training manipulation shows could only be tested; they go to test.

    Args:
        videos: The table; order does not matter.
        train_manipulations: Manipulations in train and val.
        test_manipulations: Manipulations in test; may hold training manipulations (in-domain).
        fractions: Train, val, test share of the people, who count by the videos that they are in; all
            positive, sum 1.
        seed: Of the starts and of the order of moves.

    Raises:
        InputError: fractions, a manipulation that does not exist, or a part would lack a label.
    """
    check_manipulations(videos, train_manipulations, test_manipulations)
    check_fractions("grouped_fractions", fractions, (3,), positive=True)
    ordered = sorted(videos, key=lambda video: video.key)
    crowd = _crowd(ordered)
    trainable = [video.label == 0 or video.manipulation in train_manipulations for video in ordered]
    idle = np.setdiff1d(np.arange(len(crowd.shares)), _together(crowd.people, trainable))

    def ranked(parts: Ints) -> tuple[int, float]:
        held = {
            (part, video.label)
            for video, part in zip(ordered, _parts_of(crowd, parts), strict=True)
            if video.label == 0
            or video.manipulation in (test_manipulations if part == "test" else train_manipulations)
        }
        return len(held - {("", 0), ("", 1)}), -round(_cost(crowd, parts, fractions), 12)

    found = []
    for start, generator in _starts(crowd, identity_groups(ordered), fractions, seed):
        parts = _search(crowd, start, fractions, generator)
        parts[idle] = PARTS.index("test")
        found.append(parts)
    best = max(found, key=ranked)
    part_of = {v.key: p for v, p in zip(ordered, _parts_of(crowd, best), strict=True) if p}
    with copies_named(videos):
        return build_split(
            videos, part_of, train_manipulations, test_manipulations, why="their people are in two parts"
        )


@dataclass(frozen=True)
class _Crowd:
    """Who is in which video.

    Attributes:
        people: Of each video, numbers of the people in it.
        videos: Of each person, numbers of the videos.
        weights: Shape (n_videos,): what a video is of its class, over the number of classes; sum 1.
        shares: Shape (n_people, n_classes): what people hold of each class, the people of a video alike;
            columns sum to 1.
    """

    people: list[Ints]
    videos: list[Ints]
    weights: Floats
    shares: Floats


def _crowd(videos: Sequence[Video]) -> _Crowd:
    people = people_in(videos)
    of_class = class_shares([video.manipulation for video in videos], np.arange(len(videos)))
    shares = np.zeros((1 + max(int(some.max()) for some in people), of_class.shape[1]))
    films: list[list[int]] = [[] for _ in shares]
    for number, some in enumerate(people):
        shares[some] += of_class[number] / len(some)
        for person in some:
            films[person].append(number)
    return _Crowd(people, [np.array(f, dtype=np.int64) for f in films], of_class.mean(axis=1), shares)


def _together(people: Sequence[Ints], chosen: Sequence[bool]) -> Ints:
    """Everybody in the chosen videos."""
    return np.concatenate([some for some, yes in zip(people, chosen, strict=True) if yes])


def _starts(
    crowd: _Crowd, groups: Ints, fractions: Sequence[float], seed: int
) -> list[tuple[Ints, np.random.Generator]]:
    """Allocations to begin with, of whole identity groups first; each with the generator of its moves."""
    first, *rest = (np.random.default_rng([seed, n]) for n in range(1 + STARTS))
    group_of = np.zeros(len(crowd.shares), dtype=np.int64)
    for some, group in zip(crowd.people, groups, strict=True):
        group_of[some] = group
    held = np.zeros((int(groups.max()) + 1, crowd.shares.shape[1]))
    np.add.at(held, group_of, crowd.shares)
    whole = fill_parts(held, fractions, seed)[group_of]
    return [(whole, first), *((_grown(crowd, whole, fractions, generator), generator) for generator in rest)]


def _grown(crowd: _Crowd, whole: Ints, fractions: Sequence[float], generator: np.random.Generator) -> Ints:
    """Parts grown from a person each, next the one whose ties lie there most (Karypis and Kumar 1998).

    Whoever shares a video with nobody stays in place. Test grows first, then validation; the rest trains.
    """
    ties = np.zeros(len(crowd.shares))
    for some, weight in zip(crowd.people, crowd.weights, strict=True):
        ties[some] += weight * (len(some) > 1)
    size, parts = crowd.shares.mean(axis=1) * (ties > 0), whole.copy()
    parts[ties > 0] = 0
    luck = generator.permutation(len(parts)) * 1e-9  # whom to take among equals
    for part in range(len(fractions) - 1, 0, -1):
        inside, free = np.zeros(len(parts)), (ties > 0) & (parts == 0)
        room = fractions[part] * size.sum()
        while free.any():
            person = int(np.argmax(np.where(free, inside / np.maximum(ties, 1e-300) + luck, -1.0)))
            room -= size[person]
            if room < -size[person] / 2:
                break
            parts[person], free[person] = part, False
            for film in crowd.videos[person]:
                inside[crowd.people[film]] += crowd.weights[film]
    return parts


def _search(crowd: _Crowd, start: Ints, fractions: Sequence[float], generator: np.random.Generator) -> Ints:
    """Move people one at a time to the part that lowers the cost most, until nobody's move does."""
    parts, wanted, n_parts = start.copy(), np.asarray(fractions), len(fractions)
    sizes = np.array([len(some) for some in crowd.people])
    there = np.zeros((len(crowd.people), n_parts), dtype=np.int64)
    for number, some in enumerate(crowd.people):
        np.add.at(there[number], parts[some], 1)
    excess = _held(crowd, parts, n_parts) - wanted[:, None]
    moved = True
    while moved:
        moved = False
        for person in generator.permutation(len(parts)):
            films, share, old = crowd.videos[person], crowd.shares[person], parts[person]
            others = there[films] + 1 == sizes[films, None]
            others[:, old] = there[films, old] == sizes[films]
            kept = crowd.weights[films] @ others
            shift = 2 * (share * (excess - excess[old] + share)).mean(axis=1)
            change = (kept[old] - kept) + BALANCE * shift
            change[old] = 0.0
            new = int(np.argmin(change))
            if change[new] < -1e-12:
                there[films, old] -= 1
                there[films, new] += 1
                excess[old] -= share
                excess[new] += share
                parts[person], moved = new, True
    return parts


def _held(crowd: _Crowd, parts: Ints, n_parts: int) -> Floats:
    """Shape (n_parts, n_classes): what the people of each part hold."""
    held = np.zeros((n_parts, crowd.shares.shape[1]))
    np.add.at(held, parts, crowd.shares)
    return held


def _cost(crowd: _Crowd, parts: Ints, fractions: Sequence[float]) -> float:
    """Share of videos lost, plus `BALANCE` times the squared distance from the fractions; class means."""
    lost = [len(set(parts[some].tolist())) > 1 for some in crowd.people]
    excess = _held(crowd, parts, len(fractions)) - np.asarray(fractions)[:, None]
    return float(crowd.weights[lost].sum() + BALANCE * (excess**2).sum(axis=0).mean())


def _parts_of(crowd: _Crowd, parts: Ints) -> list[str]:
    """Part of each video; empty where its people are in two."""
    of_people = (set(parts[some].tolist()) for some in crowd.people)
    return [PARTS[next(iter(found))] if len(found) == 1 else "" for found in of_people]
