"""Power: against simulated t tests, against scipy's noncentral t, and parts against the jackknife."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import nct
from scipy.stats import t as student

from clipforensics.core.faults import InputError
from clipforensics.statistics.power import (
    Part,
    _whole,
    detectable,
    grown,
    needed,
    parts_of,
    power_of,
    standard_error,
    times_as_many,
)
from clipforensics.statistics.uncertainty import mean_over_seeds
from tests.support.estimates import estimate, plan
from tests.support.families import differences

PARTS = [Part(0.004, 10), Part(0.001, 100)]


def slow_power(difference, se, degrees, confidence):
    t = student.ppf((1 + confidence) / 2, degrees)
    return nct.sf(t, degrees, difference / se) + nct.cdf(-t, degrees, difference / se)


@pytest.mark.parametrize("difference", [0.0, 0.03, -0.1, 0.25])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_power_is_the_share_of_a_noncentral_t(difference, confidence):
    se, degrees = standard_error(PARTS)
    assert se == pytest.approx(math.sqrt(0.005))
    assert degrees == pytest.approx(0.005**2 / (0.004**2 / 9 + 0.001**2 / 99))
    found = power_of(difference, PARTS, confidence=confidence)
    assert found == pytest.approx(slow_power(abs(difference), se, degrees, confidence), abs=1e-6)
    if not difference:
        assert found == pytest.approx(1 - confidence, abs=1e-6)


def test_power_is_how_often_a_two_sample_t_test_shows_it():
    """Two classes of normal values with variances of their own: Welch's test, whose parts are known."""
    rng, sizes, sds, shift = np.random.default_rng(3), (8, 20), (1.0, 2.0), 1.2
    one, two = (rng.normal(0, sd, (4000, n)) for sd, n in zip(sds, sizes, strict=True))
    variances = [np.var(values, axis=1, ddof=1) / n for values, n in ((one, 8), (two, 20))]
    se = np.sqrt(sum(variances))
    degrees = se**4 / (variances[0] ** 2 / 7 + variances[1] ** 2 / 19)
    t = (two.mean(axis=1) + shift - one.mean(axis=1)) / se
    shown = np.mean(np.abs(t) > student.ppf(0.975, degrees))
    parts = [Part(sd**2 / n, n) for sd, n in zip(sds, sizes, strict=True)]
    assert power_of(shift, parts) == pytest.approx(shown, abs=0.025)


@pytest.mark.parametrize("power", [0.6, 0.8, 0.95])
def test_the_detectable_difference_is_shown_with_that_power(power):
    least = detectable(PARTS, confidence=0.9, power=power)
    assert power_of(least, PARTS, confidence=0.9) == pytest.approx(power, abs=1e-3)


@pytest.mark.parametrize("difference", [0.06, -0.06, 0.2])
def test_so_many_times_as_many_videos_show_it(difference):
    times = times_as_many(difference, PARTS)
    assert power_of(difference, grown(PARTS, times)) == pytest.approx(0.8, abs=1e-3)
    assert grown(PARTS, 4)[0] == Part(0.001, 40)
    assert standard_error(grown(PARTS, 4))[0] == pytest.approx(standard_error(PARTS)[0] / 2)


def test_more_videos_do_not_make_seeds_agree():
    seeds = Part(0.001, 5, falls=False)
    assert grown([*PARTS, seeds], 1e9)[-1] == seeds
    assert times_as_many(0.05, [*PARTS, seeds]) == math.inf
    with_seeds, without = times_as_many(0.2, [*PARTS, seeds]), times_as_many(0.2, PARTS)
    assert without < with_seeds < math.inf
    assert power_of(0.2, grown([*PARTS, seeds], with_seeds)) == pytest.approx(0.8, abs=1e-3)
    assert times_as_many(0.0, PARTS) == math.inf


@pytest.mark.parametrize(("confidence", "power"), [(0.0, 0.8), (1.0, 0.8), (0.95, 0.5), (0.95, 1.0)])
def test_what_is_no_share_is_refused(confidence, power):
    with pytest.raises(InputError, match="must lie"):
        detectable(PARTS, confidence=confidence, power=power)


def test_parts_are_the_jackknifes_shares_of_the_intervals_variance():
    (one,) = differences((1.0, 1.4)).values()
    parts = parts_of(one)
    se, degrees = one.standard_error()
    assert standard_error(parts) == pytest.approx((se, degrees))
    assert [part.n for part in parts] == [10, 30]
    reals, fakes = one.jackknife[:10], one.jackknife[10:]
    ours, theirs = ((len(v) - 1) / len(v) * sum((v - v.mean()) ** 2) for v in (reals, fakes))
    assert parts[0].variance / parts[1].variance == pytest.approx(ours / theirs)
    interval = one.interval()
    assert interval.high - interval.value == pytest.approx(student.ppf(0.975, degrees) * se)


@pytest.mark.parametrize("n", [2, 3])
def test_training_seeds_are_a_part_that_does_not_fall(n):
    rng, replicates = np.random.default_rng(5), plan()
    seeds = [
        estimate(0.8 + 0.02 * i, replicates=replicates, draws=0.8 + 0.05 * rng.normal(size=400))
        for i in range(n)
    ]
    mean = mean_over_seeds(seeds, "lora")
    parts = parts_of(mean)
    assert [(part.n, part.falls) for part in parts] == [(6, True), (9, True), (n, False)]
    of_seeds = np.var([one.value for one in seeds], ddof=1) / n
    of_reals = 5 * np.var(mean.jackknife[:6])
    assert parts[2].variance / parts[0].variance == pytest.approx(of_seeds / of_reals)


def test_a_difference_that_no_single_video_moves_has_one_part():
    flat = estimate(0.0, null=0.0, jackknife=np.zeros(15))
    (part,) = parts_of(flat)
    assert (math.sqrt(part.variance), part.n - 1) == pytest.approx(flat.standard_error())


def open_difference(value=0.03, **changes):
    fields = {"null": 0.0, "bounds": (-1.0, 1.0), "jackknife": value + 0.01 * (-1.0) ** np.arange(15)}
    one = estimate(value, **{**fields, **changes})
    return one, one.interval()


def test_what_a_difference_needs_that_is_not_shown():
    one, interval = open_difference()
    found = needed(one, interval, n_real=6, n_fake=90)
    parts = parts_of(one)
    assert found.level == 0.8
    assert power_of(found.detectable, parts) == pytest.approx(0.8, abs=1e-4)
    assert found.n_fake > 90
    assert power_of(0.03, grown(parts, found.n_real / 6)) >= 0.8 - 1e-6
    assert power_of(0.03, grown(parts, (found.n_real - 1) / 6)) < 0.8
    assert power_of(0.03, grown(parts, (found.n_fake - 1) / 90)) < 0.8


def test_what_is_shown_or_unknown_needs_nothing():
    for one, interval in (
        open_difference(0.5),
        open_difference(undefined="too few"),
        open_difference(0.0, draws=np.zeros(400)),
    ):
        assert needed(one, interval, n_real=6, n_fake=9) is None


def test_numbers_of_videos_are_rounded_up_but_not_for_the_last_digits():
    assert [_whole(n) for n in (30.0, 30 + 1e-9, 30.001, 1e6, 1e6 + 1)] == [30, 30, 31, 10**6, None]


def test_no_number_of_videos_shows_no_difference():
    one, interval = open_difference(0.0)
    found = needed(one, interval, n_real=6, n_fake=9)
    assert (found.n_real, found.n_fake) == (None, None)
    assert found.detectable > 0
    one, interval = open_difference(0.0001)
    assert needed(one, interval, n_real=6, n_fake=9).n_fake is None, "beyond a million"


def test_where_training_seeds_forbid_it_that_is_said():
    rng, replicates = np.random.default_rng(5), plan()
    seeds = [
        estimate(
            0.03 + 0.1 * i, replicates=replicates, draws=0.03 + 0.05 * rng.normal(size=400), bounds=(-1, 1)
        )
        for i in range(-1, 2)
    ]
    one = mean_over_seeds(seeds, "lora")
    found = needed(one, one.interval(), n_real=6, n_fake=9)
    assert (found.n_real, found.by_seeds) == (None, True)
    close = [replace(s, value=0.00001 * i, jackknife=s.jackknife - s.value) for i, s in enumerate(seeds)]
    both = mean_over_seeds(close, "lora")
    found = needed(both, both.interval(), n_real=6, n_fake=9)
    assert (found.n_real, found.by_seeds) == (None, False), "and there are too few videos for it as well"
    videos, interval = open_difference(0.0001)
    assert needed(videos, interval, n_real=6, n_fake=9).by_seeds is False


def test_a_difference_larger_than_any_can_be_is_none():
    one, interval = open_difference(bounds=(-0.05, 0.05))
    assert math.isnan(needed(one, replace(interval, low=-0.05), n_real=6, n_fake=9).detectable)
