"""A refusal is what OpenAPI says of it, and an exception that says why."""

from typing import get_args

import pytest
from pydantic import ValidationError

from clipforensics.serving.faults import Refused
from clipforensics.serving.models import Fault, Problem


@pytest.mark.parametrize("error", get_args(Fault))
def test_it_is_a_problem_of_the_api(error):
    refusal = Refused(503, error, "try again")
    assert Problem.model_validate(refusal.to_dict()).model_dump() == {"error": error, "detail": "try again"}


def test_another_word_is_none():
    with pytest.raises(ValidationError, match="error"):
        Problem.model_validate(Refused(503, "no such word", "x").to_dict())


def test_raised_it_says_why():
    with pytest.raises(Refused, match=r"^too long$") as caught:
        raise Refused(422, "unreadable", "too long")
    assert caught.value.status == 422
