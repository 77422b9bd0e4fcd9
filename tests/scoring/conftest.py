"""What the tests of this room share."""

import pytest

from clipforensics.scoring.validated import read_validated
from tests.support.scoring_packages import write_scoring_package


@pytest.fixture
def validated(tmp_path):
    def make(**changes):
        return read_validated(
            write_scoring_package(tmp_path / f"p{len(list(tmp_path.iterdir()))}", **changes)
        )

    return make
