"""Section `likelihood` of params.yaml."""

import pytest
from pydantic import ValidationError

from clipforensics.likelihood.settings import LikelihoodSection
from tests.support.scored_models import SETTINGS


@pytest.mark.parametrize(
    "wrong",
    [{"method": "kde"}, {"alpha": 0.0}, {"alpha": 1.0}, {"prior_log10_odds": 0.0}, {"bounds": "elub"}],
)
def test_the_section_refuses_what_cannot_be(wrong):
    with pytest.raises(ValidationError):
        LikelihoodSection(**{**SETTINGS.model_dump(), **wrong})
