"""The measurement of speed: of one thread where kernels will be pinned; threads stay as many as they were."""

import pytest
import torch

from clipforensics.check.speed import measure


@pytest.mark.parametrize("portable", [True, False])
def test_the_rate_is_positive_and_of_what_it_says(portable, monkeypatch):
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cpu")
    before = torch.get_num_threads()
    speed = measure(portable=portable)
    assert 0 < speed.rate < 1e15
    assert speed.one_thread is portable
    assert ("portable" in speed.what) is portable
    assert torch.get_num_threads() == before
