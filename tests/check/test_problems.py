"""Problems: all of them, in order, none twice; what is no user's mistake is not swallowed."""

import pytest

from clipforensics.check.problems import Problems
from clipforensics.core.faults import InputError


def test_all_are_kept_in_order_each_once_and_in_one_line():
    problems = Problems()
    for line in ("b is wrong", "a is\n  wrong", "b is wrong"):
        problems.add(line)
    assert problems.lines == ["b is wrong", "a is wrong"]


def test_a_users_mistake_is_caught_and_ends_its_body_alone():
    problems, reached = Problems(), []
    with problems.caught("here"):
        raise InputError("x is 3; it must be 2")
    with problems.caught():
        reached.append(1)
    assert (problems.lines, reached) == (["here: x is 3; it must be 2"], [1])


def test_a_mistake_of_ours_is_not_caught():
    with pytest.raises(KeyError), Problems().caught():
        raise KeyError
