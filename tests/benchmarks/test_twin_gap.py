"""What is seen of a gap between twins and no twins: tiny, and at the size that the docs speak of."""

import pytest

from benchmarks import twin_gap
from clipforensics.core.faults import InputError


def test_the_tiny_form_prints_a_row_an_effect(capsys):
    twin_gap.main(["--runs", "3", "--draws", "40"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(twin_gap.ROWS)
    with pytest.raises(InputError, match="--runs 0"):
        twin_gap.main(["--runs", "0"])


@pytest.mark.slow
def test_a_no_twin_auc_of_one_is_no_certainty_and_the_permutation_sees_more():
    """Before AUCs of 1 had an interval, the gap left out 0 in a fifth of the data sets that have one."""
    seen, permuted, perfect = twin_gap.one_row(0.93, 0.93, 600, 300)
    assert perfect.sum() > 40
    assert seen[perfect].mean() <= 0.05
    assert seen.mean() <= 0.07
    assert permuted.mean() <= 0.07
    seen, permuted, _ = twin_gap.one_row(0.91, 0.8, 300, 300)
    assert seen.mean() < 0.2
    assert permuted.mean() > 0.4
