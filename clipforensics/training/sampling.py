"""Which frames an epoch trains on, and in which order: drawn from (seed, epoch) alone, without a state.

Three ways to draw an epoch (`Sampling`); an epoch of one is as long as every other, whatever the seed:

- `all`: some frames of every video, shuffled. A class with more videos is seen more often.
- `balanced`: as many frames of real as of manipulated videos, and of each manipulation as many. No group
  gives fewer frames than under `all`: the largest decides, the others give more of their frames, and once
  all are used, frames a second time. No frame comes twice before every frame of its group has come once,
  and videos of a group give alike until one has no more.
- `paired`: a real frame and a frame made of the same target side by side. A scene is then no clue to the
  label, which Yermakov et al. (arXiv 2508.06248, 2025) found essential for generalising.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.faults import InputError

if TYPE_CHECKING:  # pandas takes as long to load as all else here
    import pandas as pd

Sampling = Literal["all", "balanced", "paired"]
"""What `train.sampling` may be."""

_BLENDED = 1
"""Third part of the seed that chooses the blended. Not 0: numpy seeds [1, 2] and [1, 2, 0] alike."""

Whole = NDArray[np.int64]
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Draw:
    """The samples of an epoch, or of a part of one, in the order of training.

    Attributes:
        rows: Row numbers in the store, int64 (n,).
        labels: 0 real, 1 manipulated, int64 (n,).
        blended: Real frames to be blended with themselves (`self_blending`); their label is 1, bool (n,).
        takes: Number of the frame's repeat in the epoch, 0 the first; a blended one has that of its real
            frame, int64 (n,).
    """

    rows: Whole
    labels: Whole
    blended: NDArray[np.bool_]
    takes: Whole

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, start: int, stop: int) -> "Draw":
        """Samples `start` to `stop - 1`, or to the last where there are fewer."""
        chosen = slice(start, stop)
        return Draw(self.rows[chosen], self.labels[chosen], self.blended[chosen], self.takes[chosen])


def draw_epoch(
    spans: Sequence[Whole],
    table: "pd.DataFrame",
    *,
    sampling: Sampling,
    frames_per_video: int | None,
    self_blended: float,
    seed: int,
    epoch: int,
    frames: Whole | None = None,
) -> Draw:
    """Draw the samples of one epoch.

    `paired`: positions 2i and 2i + 1 hold a pair, so that a batch of even size splits none. Of every target,
    each manipulation's videos are paired with the real ones in the order of `table`, the fewer repeated, so
    that every video that has a partner is in a pair. A pair of videos gives `frames_per_video` pairs of
    frames, or as many as its shorter video has. A real video deals its frames to its partners in turn and
    repeats one only when none is left; the partner's frame is the nearest in time.

    Args:
        spans: Row numbers of each training video.
        table: Those videos: columns key, label, manipulation, target.
        sampling: How to draw, see above.
        frames_per_video: Frames a video, without replacement; all where it has fewer, None for all.
        self_blended: Share of the drawn real frames that come once more, blended and with label 1, in
            [0, 1]. They are shuffled in; under `paired` each stands beside its own real frame (the two may
            fall into two batches).
        seed: From 0; with `epoch`, decides the draw.
        epoch: 0-based.
        frames: Frame number in its video of each row of the store, by which `paired` finds the nearest;
            None: by the place in the video, as if frames were spaced evenly over its whole length.

    Raises:
        InputError: `balanced` without both classes, `paired` without one pair.
    """
    rng, again = np.random.default_rng([seed, epoch]), np.random.default_rng([seed, epoch, _BLENDED])
    if sampling == "paired":
        pairs = _draw_pairs(spans, table, frames_per_video, frames, rng)
        return _beside(pairs, _share(len(pairs), self_blended, again))
    draw = _draw_balanced if sampling == "balanced" else _draw_all
    rows, labels = draw(spans, table, frames_per_video, rng)
    return _shuffle_in(rows, labels, self_blended, again)


def unpaired(table: "pd.DataFrame") -> tuple[int, int]:
    """Number of real and of manipulated videos that have no partner, which `paired` leaves out.

    A partner is a video of the other class with the same target.

    Args:
        table: Training videos: columns label, manipulation, target.
    """
    paired = {position for pair in _video_pairs(table) for position in pair}
    lonely = Counter(label for position, label in enumerate(table["label"]) if position not in paired)
    return lonely[0], lonely[1]


def class_weights(labels: Whole, kind: str) -> tuple[float, float]:
    """Loss weights (real, manipulated): `balanced` is n / (2 n_class) over the rows drawn, `none` is 1, 1.

    Raises:
        InputError: `balanced`, and one class is missing.
    """
    if kind == "none":
        return 1.0, 1.0
    counts = np.bincount(labels, minlength=2)
    if counts.min() == 0:
        raise _one_class()
    real, manipulated = len(labels) / (2 * counts)
    return float(real), float(manipulated)


def _one_class() -> InputError:
    return InputError("training holds one class only; check the split and protocol.train_sets")


def _limit(frames_per_video: int | None, *videos: Whole) -> int:
    """Frames that each of the videos can give, at most `frames_per_video`."""
    shortest = min(map(len, videos))
    return shortest if frames_per_video is None else min(frames_per_video, shortest)


def _share(n: int, share: float, rng: Rng) -> NDArray[np.bool_]:
    """A random choice of round(share n) out of n, bool (n,)."""
    chosen = np.zeros(n, dtype=bool)
    chosen[rng.choice(n, round(share * n), replace=False)] = True
    return chosen


def _draw_all(
    spans: Sequence[Whole], table: "pd.DataFrame", frames_per_video: int | None, rng: Rng
) -> tuple[Whole, Whole]:
    drawn = [rng.choice(span, _limit(frames_per_video, span), replace=False) for span in spans]
    rows = np.concatenate(drawn)
    labels = np.repeat(table["label"].to_numpy(np.int64), [len(d) for d in drawn])
    order = rng.permutation(len(rows))
    return rows[order], labels[order]


def _draw_balanced(
    spans: Sequence[Whole], table: "pd.DataFrame", frames_per_video: int | None, rng: Rng
) -> tuple[Whole, Whole]:
    real, manipulated = _groups(spans, table)
    if not real or not manipulated:
        raise _one_class()
    offers = [sum(_limit(frames_per_video, span) for span in group) for group in (real, *manipulated)]
    each = max(math.ceil(offers[0] / len(manipulated)), *offers[1:])
    drawn = [_deal(group, each, rng) for group in manipulated]
    rows = np.concatenate([_deal(real, each * len(manipulated), rng), *drawn])
    labels = np.repeat([0, 1], each * len(manipulated))
    order = rng.permutation(len(rows))
    return rows[order], labels[order]


def _groups(spans: Sequence[Whole], table: "pd.DataFrame") -> tuple[list[Whole], list[list[Whole]]]:
    """Spans of the real videos, and of each manipulation, sorted by name."""
    real: list[Whole] = []
    manipulated: dict[str, list[Whole]] = defaultdict(list)
    for span, label, name in zip(spans, table["label"], table["manipulation"], strict=True):
        (manipulated[name] if label else real).append(span)
    return real, [manipulated[name] for name in sorted(manipulated)]


def _deal(spans: Sequence[Whole], n: int, rng: Rng) -> Whole:
    """n rows: each video one frame, each a second, ...; from the start again when all are used."""
    rows = np.concatenate([rng.permutation(span) for span in spans])
    rounds = np.concatenate([np.arange(len(span)) for span in spans])
    order = np.lexsort((rng.random(len(rows)), rounds))
    whole, rest = divmod(n, len(rows))
    return np.concatenate([np.tile(rows, whole), rows[order[:rest]]])


def _shuffle_in(rows: Whole, labels: Whole, share: float, rng: Rng) -> Draw:
    """Add the chosen share of the real frames once more; nothing moves where that is none."""
    takes = _takes(rows)
    real = np.flatnonzero(labels == 0)
    chosen = real[_share(len(real), share, rng)]
    blended = np.repeat([False, True], [len(rows), len(chosen)])
    order = rng.permutation(len(blended)) if len(chosen) else np.arange(len(blended))
    rows = np.concatenate([rows, rows[chosen]])
    takes = np.concatenate([takes, takes[chosen]])
    labels = np.concatenate([labels, np.ones(len(chosen), dtype=np.int64)])
    return Draw(rows[order], labels[order], blended[order], takes[order])


def _takes(rows: Whole) -> Whole:
    """How often each row came before."""
    import pandas as pd

    return pd.Series(rows).groupby(rows).cumcount().to_numpy(np.int64)


def _video_pairs(table: "pd.DataFrame") -> list[tuple[int, int]]:
    """Positions in `table` of the real and the manipulated video of each pair, in the order of the real."""
    real: dict[str, list[int]] = defaultdict(list)
    manipulated: dict[tuple[str, str], list[int]] = defaultdict(list)
    columns = zip(table["label"], table["target"], table["manipulation"], strict=True)
    for position, (label, target, name) in enumerate(columns):
        (manipulated[target, name] if label else real[target]).append(position)
    pairs = []
    for (target, _), theirs in sorted(manipulated.items()):
        ours = real.get(target, [])
        n = max(len(ours), len(theirs)) if ours else 0
        pairs += [(ours[i % len(ours)], theirs[i % len(theirs)]) for i in range(n)]
    return sorted(pairs)


def _draw_pairs(
    spans: Sequence[Whole],
    table: "pd.DataFrame",
    frames_per_video: int | None,
    frames: Whole | None,
    rng: Rng,
) -> Whole:
    """Rows of the real and the manipulated frame of each pair, shuffled, int64 (n, 2)."""
    partners: dict[int, list[Whole]] = defaultdict(list)
    for real, manipulated in _video_pairs(table):
        partners[real].append(spans[manipulated])
    if not partners:
        raise InputError(
            "train.sampling is paired, but no real training video has the target of a manipulated one;"
            " set train.sampling to all or balanced"
        )
    pairs = np.concatenate(
        [
            pair
            for real, theirs in partners.items()
            for pair in _deal_pairs(spans[real], theirs, frames_per_video, frames, rng)
        ]
    )
    return pairs[rng.permutation(len(pairs))]


def _deal_pairs(
    real: Whole, partners: list[Whole], frames_per_video: int | None, frames: Whole | None, rng: Rng
) -> Iterator[Whole]:
    """Pairs of rows (n, 2) of one real video with each of its partners."""
    order, start = rng.permutation(len(real)), 0
    for partner in partners:
        n = _limit(frames_per_video, real, partner)
        dealt = order[(start + np.arange(n)) % len(order)]
        start += n
        apart = np.abs(_moments(real, frames)[dealt, None] - _moments(partner, frames))
        yield np.column_stack([real[dealt], partner[apart.argmin(axis=1)]])


def _moments(span: Whole, frames: Whole | None) -> NDArray[np.float64]:
    """When each frame of a video is: its number, or its place in (0, 1) as `extract_frames` spaces them."""
    if frames is not None:
        return frames[span].astype(np.float64)
    return (np.arange(len(span)) + 0.5) / len(span)


def _beside(pairs: Whole, chosen: NDArray[np.bool_]) -> Draw:
    """Pairs in a row, the blended beside their real frames.

    Two blended frames stand together between their pairs (manipulated, real, blended | blended, real,
    manipulated), so that every pair still begins at an even position; an odd one closes the epoch.
    """
    samples: list[tuple[int, int, bool, int]] = []
    waiting: list[tuple[int, int, bool, int]] = []
    numbered = np.hstack([pairs, _takes(pairs.ravel()).reshape(pairs.shape)])
    for (real, manipulated, a, b), twice in zip(numbered.tolist(), chosen, strict=True):
        if not twice:
            samples += [(real, 0, False, a), (manipulated, 1, False, b)]
            continue
        three = [(manipulated, 1, False, b), (real, 0, False, a), (real, 1, True, a)]
        if waiting:
            samples += [*waiting, *reversed(three)]
            waiting = []
        else:
            waiting = three
    rows, labels, blended, numbers = (np.array(c) for c in zip(*samples, *waiting, strict=True))
    return Draw(rows, labels, blended, numbers)
