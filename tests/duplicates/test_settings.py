"""Section `duplicates`: what matching could not find is refused."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section
from clipforensics.duplicates.settings import DuplicatesSection


@pytest.mark.parametrize("changes", [{"distance": 4}, {"distance": -1}, {"frames_per_video": 0}])
def test_what_cannot_be_is_refused(changes):
    with pytest.raises(InputError, match=next(iter(changes))):
        check_section({"frames_per_video": 4, "distance": 2, **changes}, DuplicatesSection, "duplicates")
