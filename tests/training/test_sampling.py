"""Which frames an epoch trains on: checked by counting, and against the code that earlier runs drew with."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.training.sampling import class_weights, draw_epoch, unpaired

VIDEOS = [  # label, manipulation, target, frames
    (0, "real", "a", 5),
    (0, "real", "b", 2),
    (1, "FaceSwap", "a", 5),
    (1, "FaceSwap", "b", 4),
    (1, "FaceSwap", "c", 3),
    (1, "Deepfakes", "a", 5),
    (0, "real", "d", 4),
]


def training(videos):
    """Spans and table of videos (label, manipulation, target, number of frames), rows from 100."""
    stops = 100 + np.cumsum([video[3] for video in videos])
    spans = [np.arange(stop - video[3], stop) for stop, video in zip(stops, videos, strict=True)]
    table = pd.DataFrame([video[:3] for video in videos], columns=["label", "manipulation", "target"])
    table["key"] = [f"v{i}" for i in range(len(videos))]
    return spans, table


def draw(videos=VIDEOS, *, frames=None, **settings):
    defaults = {"sampling": "all", "frames_per_video": 3, "self_blended": 0.0, "seed": 1, "epoch": 0}
    return draw_epoch(*training(videos), frames=frames, **(defaults | settings))


def video_of(rows, videos=VIDEOS):
    """Position of the video of each row."""
    spans, _ = training(videos)
    return [next(i for i, span in enumerate(spans) if row in span) for row in rows]


def listed(samples):
    columns = (samples.rows, samples.labels, samples.blended, samples.takes)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def video_lists(*, max_frames=6):
    """Lists of videos of both classes, of up to three targets and manipulations."""
    targets, lengths = st.sampled_from("abc"), st.integers(1, max_frames)
    real = st.tuples(st.just(0), st.just("real"), targets, lengths)
    fake = st.tuples(st.just(1), st.sampled_from(["Deepfakes", "FaceSwap", "Face2Face"]), targets, lengths)
    both = st.tuples(st.lists(real, min_size=1, max_size=5), st.lists(fake, min_size=1, max_size=8))
    return both.flatmap(lambda lists: st.permutations(lists[0] + lists[1]))


limits = st.one_of(st.none(), st.integers(1, 8))
shares = st.sampled_from([0.0, 0.3, 0.5, 1.0])


def draw_of_earlier_runs(spans, labels, *, frames_per_video, seed, epoch):
    """As committed runs drew: `all` must stay this, or their numbers move."""
    rng = np.random.default_rng([seed, epoch])
    drawn = [rng.choice(span, min(frames_per_video, len(span)), replace=False) for span in spans]
    rows = np.concatenate(drawn)
    targets = np.repeat(labels, [len(d) for d in drawn])
    order = rng.permutation(len(rows))
    return rows[order], targets[order]


@given(video_lists(), st.integers(1, 8), st.integers(0, 2**63 - 1), st.integers(0, 1000))
def test_all_draws_as_earlier_runs_did_row_for_row(videos, limit, seed, epoch):
    spans, table = training(videos)
    rows, labels = draw_of_earlier_runs(
        spans, table["label"].to_numpy(), frames_per_video=limit, seed=seed, epoch=epoch
    )
    drawn = draw(videos, frames_per_video=limit, seed=seed, epoch=epoch)
    assert np.array_equal(drawn.rows, rows)
    assert np.array_equal(drawn.labels, labels)
    assert not drawn.blended.any()


def test_all_frames_is_every_frame_once():
    drawn = draw(frames_per_video=None)
    assert sorted(drawn.rows) == list(range(100, 128))
    assert np.array_equal(drawn.rows, draw(frames_per_video=99).rows)


@pytest.mark.parametrize("sampling", ["all", "balanced", "paired"])
def test_draws_depend_on_seed_and_epoch_only(sampling):
    first = listed(draw(sampling=sampling, self_blended=0.5))
    assert first == listed(draw(sampling=sampling, self_blended=0.5))
    assert first != listed(draw(sampling=sampling, self_blended=0.5, epoch=1))
    assert first != listed(draw(sampling=sampling, self_blended=0.5, seed=2))


@given(video_lists(), st.sampled_from(["all", "balanced", "paired"]), limits, shares)
def test_every_epoch_is_as_long_and_typed(videos, sampling, limit, share):
    assume(sampling != "paired" or has_a_pair(videos))
    settings = {"sampling": sampling, "frames_per_video": limit, "self_blended": share}
    epochs = [draw(videos, **settings, seed=seed, epoch=epoch) for seed in (0, 7) for epoch in (0, 1, 5)]
    assert len({len(epoch) for epoch in epochs}) == 1
    first = epochs[0]
    assert (first.rows.dtype, first.labels.dtype, first.blended.dtype) == (np.int64, np.int64, np.bool_)
    assert len(first.labels) == len(first.blended) == len(first)
    own = np.array([videos[i][0] for i in video_of(first.rows, videos)])
    assert np.array_equal(first.labels, own | first.blended), "every row has its video's label, or is blended"
    assert not own[first.blended].any(), "only real frames are blended"


@given(video_lists(), limits)
def test_balanced_gives_classes_and_manipulations_alike(videos, limit):
    drawn = draw(videos, sampling="balanced", frames_per_video=limit)
    names = [videos[i][1] for i in video_of(drawn.rows, videos)]
    counts = Counter(names)
    manipulations = set(counts) - {"real"}
    assert manipulations == {video[1] for video in videos if video[0]}
    assert len({counts[name] for name in manipulations}) == 1
    assert counts["real"] == sum(counts[name] for name in manipulations)
    offers = Counter()
    for _, name, _, n in videos:
        offers[name] += n if limit is None else min(limit, n)
    assert all(counts[name] >= offers[name] for name in offers), "nobody gives less than under all"
    fewer = counts["real"] - len(manipulations)
    enough = all(fewer / len(manipulations) >= offers[m] for m in manipulations) and fewer >= offers["real"]
    assert not enough, "nor more than that needs"


@given(video_lists(), limits)
def test_balanced_repeats_no_frame_before_all_of_its_group_and_spares_no_video(videos, limit):
    drawn = draw(videos, sampling="balanced", frames_per_video=limit)
    spans, _ = training(videos)
    times = Counter(drawn.rows.tolist())
    for name in {video[1] for video in videos}:
        own = [span for span, video in zip(spans, videos, strict=True) if video[1] == name]
        seen = [times[row] for span in own for row in span.tolist()]
        assert max(seen) - min(seen) <= 1
        extra = [(sum(times[row] - min(seen) for row in span.tolist()), len(span)) for span in own]
        most = max(n for n, _ in extra)
        assert all(n >= min(most - 1, length) for n, length in extra), "videos give alike while they can"


def test_balanced_by_hand():
    videos = [(0, "real", "a", 4), (1, "X", "a", 6), (1, "X", "b", 6), (1, "Y", "a", 3)]
    drawn = draw(videos, sampling="balanced", frames_per_video=4)
    counts = Counter(video_of(drawn.rows, videos))
    assert counts[0] == 16, "four times each of its frames"
    assert (counts[1], counts[2]) == (4, 4), "the largest group gives what it does under all"
    assert counts[3] == 8
    assert set(Counter(drawn.rows[drawn.labels == 0].tolist()).values()) == {4}


@pytest.mark.parametrize("videos", [VIDEOS[:2], VIDEOS[2:5]])
def test_balanced_needs_both_classes(videos):
    with pytest.raises(InputError, match="one class only"):
        draw(videos, sampling="balanced")


def has_a_pair(videos):
    return bool({v[2] for v in videos if v[0]} & {v[2] for v in videos if not v[0]})


@given(video_lists(), limits, st.integers(0, 99), shares)
def test_pairs_share_a_target_and_start_at_even_positions(videos, limit, seed, share):
    assume(has_a_pair(videos))
    drawn = draw(videos, sampling="paired", frames_per_video=limit, seed=seed, self_blended=share)
    targets = np.array([videos[i][2] for i in video_of(drawn.rows, videos)])
    plain = ~drawn.blended
    pairs = 0
    for i in range(0, len(drawn) - 1, 2):
        if plain[i] and plain[i + 1]:
            assert targets[i] == targets[i + 1]
            assert set(drawn.labels[i : i + 2].tolist()) == {0, 1}
            pairs += 1
        else:
            assert not plain[i : i + 2].any(), "pairs are whole"
    assert 2 * pairs == plain.sum()


@given(video_lists(), limits)
def test_every_video_with_a_partner_is_drawn_and_no_other(videos, limit):
    _, table = training(videos)
    alone = [not any(other[0] != video[0] and other[2] == video[2] for other in videos) for video in videos]
    assert unpaired(table) == tuple(
        sum(lonely and video[0] == label for lonely, video in zip(alone, videos, strict=True))
        for label in (0, 1)
    )
    assume(has_a_pair(videos))
    drawn = draw(videos, sampling="paired", frames_per_video=limit)
    assert set(video_of(drawn.rows, videos)) == {i for i, lonely in enumerate(alone) if not lonely}


def test_pairs_by_hand():
    drawn = draw(sampling="paired")
    videos = np.array(video_of(drawn.rows)).reshape(-1, 2)
    assert Counter(map(tuple, videos.tolist())) == {(0, 2): 3, (1, 3): 2, (0, 5): 3}
    assert unpaired(training(VIDEOS)[1]) == (1, 1)
    rows = drawn.rows.reshape(-1, 2)
    same_length = videos[:, 0] == 0
    places = rows - np.array([span[0] for span in training(VIDEOS)[0]])[videos]
    assert np.array_equal(places[same_length, 0], places[same_length, 1]), "the same frame of both"
    dealt = Counter(rows[same_length, 0].tolist())
    assert len(dealt) == 5, "a real video repeats a frame only when none is left"
    assert max(dealt.values()) == 2


def test_real_videos_meet_a_fake_of_each_manipulation_and_the_fewer_repeat():
    videos = [(0, "real", "a", 2), (0, "real", "a", 2), *[(1, "X", "a", 2)] * 3, (1, "Y", "a", 2)]
    drawn = draw(videos, sampling="paired", frames_per_video=1)
    met = sorted(map(tuple, np.array(video_of(drawn.rows, videos)).reshape(-1, 2).tolist()))
    assert met == [(0, 2), (0, 4), (0, 5), (1, 3), (1, 5)]


def test_partners_are_nearest_in_time():
    videos = [(0, "real", "a", 4), (1, "X", "a", 3)]
    numbers = np.full(107, -1)
    numbers[100:104] = [0, 10, 20, 30]
    numbers[104:107] = [6, 22, 29]
    by_number = {100: 104, 101: 104, 102: 105, 103: 106}
    by_place = {100: 104, 101: 105, 102: 105, 103: 106}  # 1/8 3/8 5/8 7/8 against 1/6 1/2 5/6
    for frames, expected in ((numbers, by_number), (None, by_place)):
        for epoch in range(9):
            drawn = draw(videos, sampling="paired", frames_per_video=2, epoch=epoch, frames=frames)
            assert all(expected[real] == fake for real, fake in drawn.rows.reshape(-1, 2).tolist())


@pytest.mark.parametrize("sampling", ["all", "balanced", "paired"])
def test_videos_are_mixed_and_every_frame_has_its_turn(sampling):
    videos = [(label, name, target, 9) for label, name in ((0, "real"), (1, "X")) for target in "abcdefgh"]
    epochs = [draw(videos, sampling=sampling, epoch=epoch) for epoch in range(20)]
    assert set(np.concatenate([epoch.rows for epoch in epochs])) == set(range(100, 100 + 16 * 9))
    for epoch in epochs:
        targets = [videos[i][2] for i in video_of(epoch.rows, videos)]
        assert targets != sorted(targets)
        assert len(set(targets[:24])) > 3, "not one video after another"


def test_without_a_pair_paired_is_refused():
    with pytest.raises(InputError, match=r"train\.sampling is paired.*all or balanced"):
        draw([VIDEOS[0], VIDEOS[4]], sampling="paired")


@given(video_lists(), st.sampled_from(["all", "balanced", "paired"]), shares, st.integers(0, 99))
def test_blended_frames_come_once_more_and_change_no_other_draw(videos, sampling, share, seed):
    assume(sampling != "paired" or has_a_pair(videos))
    plain = draw(videos, sampling=sampling, seed=seed)
    drawn = draw(videos, sampling=sampling, seed=seed, self_blended=share)
    kept = [sample for sample in listed(drawn) if not sample[2]]
    assert sorted(kept) == sorted(listed(plain))
    real = Counter(plain.rows[plain.labels == 0].tolist())
    blended = Counter(drawn.rows[drawn.blended].tolist())
    assert blended <= real, "each at most as often as it is drawn"
    assert blended.total() == round(share * real.total())


@given(video_lists(), shares, st.integers(0, 99))
def test_paired_blended_frames_stand_beside_their_own(videos, share, seed):
    assume(has_a_pair(videos))
    samples = listed(draw(videos, sampling="paired", self_blended=share, seed=seed))
    for i, (row, _, blended, take) in enumerate(samples):
        if blended:
            neighbours = samples[max(0, i - 1) : i] + samples[i + 1 : i + 2]
            assert (row, 0, False, take) in neighbours


def test_blended_frames_are_spread_over_the_epoch():
    videos = [(0, "real", "a", 100), (1, "X", "a", 100)]
    for sampling in ("all", "balanced", "paired"):
        drawn = draw(videos, sampling=sampling, frames_per_video=None, self_blended=0.5)
        places = np.flatnonzero(drawn.blended)
        assert np.histogram(places, 5, (0, len(drawn)))[0].min() >= 4, sampling


@given(video_lists(), st.sampled_from(["all", "balanced", "paired"]), limits, shares)
def test_repeats_of_a_frame_are_numbered_and_the_blended_have_the_number_of_their_real(
    videos, sampling, limit, share
):
    assume(sampling != "paired" or has_a_pair(videos))
    drawn = listed(draw(videos, sampling=sampling, frames_per_video=limit, self_blended=share))
    stored = [(row, take) for row, _, blended, take in drawn if not blended]
    counts = Counter(row for row, _ in stored)
    assert sorted(stored) == [(row, take) for row in sorted(counts) for take in range(counts[row])]
    twice = [(row, take) for row, _, blended, take in drawn if blended]
    assert len(twice) == len(set(twice))
    assert set(twice) <= set(stored)


def test_parts_make_the_whole():
    drawn = draw(self_blended=1.0)
    parts = [drawn.part(start, start + 4) for start in range(0, len(drawn), 4)]
    assert [len(part) for part in parts][:-1] == [4] * (len(parts) - 1)
    assert [sample for part in parts for sample in listed(part)] == listed(drawn)


def test_class_weights_make_both_classes_weigh_alike():
    real, manipulated = class_weights(np.array([0, 1, 1, 1]), "balanced")
    assert (real, manipulated) == pytest.approx((2.0, 2 / 3))
    assert real * 1 == pytest.approx(manipulated * 3)
    assert class_weights(np.array([0, 1, 1, 1]), "none") == (1.0, 1.0)
    with pytest.raises(InputError, match="one class only"):
        class_weights(np.array([1, 1]), "balanced")
