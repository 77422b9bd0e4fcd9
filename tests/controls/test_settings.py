"""Section `controls`: every part is checked."""

import pytest

from clipforensics.core.faults import InputError
from tests.support.controls import controls_section


@pytest.mark.parametrize(
    "changes",
    [
        {"enabled": True},
        {"seed": -1},
        {"metadata": {"trees": 0, "min_leaf": [1]}},
        {"metadata": {"trees": 10, "min_leaf": []}},
        {"permuted": {"draws": 1}},
        {"views": {"reencoded": {"degradation": "blur", "strength": 4}}},
        {"views": {"reencoded": {"degradation": "jpeg", "strength": 6}}},
        {"views": {}},
    ],
)
def test_what_cannot_be_is_refused(changes):
    with pytest.raises(InputError, match=next(iter(changes))):
        controls_section(**changes)
