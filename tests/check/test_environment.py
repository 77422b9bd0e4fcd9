"""A wrong variable of the environment is told before the first stage, not by the one that reads it."""

import importlib.util

import pytest

from tests.support.ray_cluster import needs_ray
from tests.support.settings import problems

WRONG = {
    "CLIPFORENSICS_WORKERS": ("two", "must be a whole number"),
    "CLIPFORENSICS_ENGINE": ("dask", "must be local or ray"),
    "CLIPFORENSICS_KEPT": ("much", "must be a number of gigabytes"),
    "CLIPFORENSICS_DEVICE": ("abacus", "is no device"),
    "CLIPFORENSICS_LAUNCH": ("no-such-launcher --nproc 2", "there is no program 'no-such-launcher'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, rule = WRONG[name]
    monkeypatch.setenv(name, text)
    (line,) = problems()
    assert line.startswith(name)
    assert rule in line


def test_all_of_them_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, (text, _) in WRONG.items():
        monkeypatch.setenv(name, text)
    assert [line.split()[0].partition("=")[0].rstrip(":") for line in problems()] == list(WRONG)


def test_ray_is_wanted_and_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else real(name))
    monkeypatch.setenv("CLIPFORENSICS_ENGINE", "ray")
    (line,) = problems()
    assert line.startswith("CLIPFORENSICS_ENGINE is ray")
    assert line.endswith("`pip install 'clipforensics[ray]'`")


@needs_ray
def test_ones_that_are_right_start_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    right = {"WORKERS": "2", "ENGINE": "ray", "KEPT": "0", "DEVICE": "cpu", "LAUNCH": "torchrun --standalone"}
    for name, text in right.items():
        monkeypatch.setenv(f"CLIPFORENSICS_{name}", text)
    assert problems() == []
