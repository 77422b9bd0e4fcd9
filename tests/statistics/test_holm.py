"""Holm's correction: by hand, against the step-by-step definition, and its intervals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

from clipforensics.core.faults import InputError
from clipforensics.statistics.holm import adjusted_p, holm
from tests.support.families import differences


def test_by_hand():
    assert adjusted_p([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert adjusted_p([0.5, 0.6]) == pytest.approx([1.0, 1.0])
    assert adjusted_p([]).tolist() == []
    assert adjusted_p([1.0, 0.0]).tolist() == [1.0, 0.0], "a p below the smallest float is one"


@pytest.mark.parametrize("seed", range(20))
def test_it_rejects_what_the_step_down_test_rejects(seed):
    """Holm 1979: from the smallest p, reject while p <= alpha / (members left), then stop."""
    rng = np.random.default_rng(seed)
    p = rng.random(7) ** 3
    for alpha in (0.01, 0.05, 0.2):
        rejected, left = set(), len(p)
        for i in np.argsort(p):
            if p[i] > alpha / left:
                break
            rejected.add(int(i))
            left -= 1
        assert set(np.flatnonzero(adjusted_p(p) <= alpha).tolist()) == rejected


@pytest.mark.parametrize("p", [[-0.1], [1.1], [0.5, float("nan")]])
def test_what_is_no_p_is_refused(p):
    with pytest.raises(InputError, match="between 0 and 1"):
        adjusted_p(p)


def test_members_on_different_draws_have_bonferronis_intervals():
    members = {seed: differences((1.0, 1.0 + seed), seed=seed)["d1"] for seed in range(4)}
    members["lost"] = replace(members[0], undefined="too few")
    found = holm(members)
    p = [members[seed].interval().p for seed in range(4)]
    assert list(found) == [0, 1, 2, 3]
    assert [one.p for one in found.values()] == pytest.approx(adjusted_p(p))
    for seed, one in found.items():
        each = members[seed].interval(confidence=1 - 0.05 / 4)
        if one.p >= 0.05 or not each.low <= 0 <= each.high:
            assert (one.low, one.high) == (each.low, each.high)


def with_p(one, p):
    """The same difference with another value, at which its p is this."""
    se, degrees = one.standard_error()
    return replace(one, value=se * student.isf(p / 2, degrees))


def test_where_holm_shows_more_than_bonferroni_only_the_sign_is_shown():
    clear, close = (
        with_p(differences((1.0, 1.9), seed=seed)["d1"], p) for seed, p in ((3, 1e-4), (4, 0.035))
    )
    p = close.interval().p
    assert p == pytest.approx(0.035), "between Bonferroni's level and its own"
    found = holm({"clear": clear, "close": close})
    assert found["close"].p == pytest.approx(p)
    assert found["close"].low == 0.0 < found["close"].high
    negative = holm({"clear": clear, "close": replace(close, value=-close.value, draws=-close.draws)})
    assert negative["close"].low < 0.0 == negative["close"].high
    assert holm({}) == {}
