"""How a head moves: within its ranges."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.sample.motion import draw_track


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40))
def test_motion_stays_within_its_ranges(seed: int, n_frames: int) -> None:
    track = draw_track(np.random.default_rng(seed), n_frames, 12)
    assert len(track) == n_frames
    for pose, expression in track:
        assert abs(pose.x) < 0.3
        assert abs(pose.yaw) < 0.6
        assert 0.5 < pose.scale < 0.8
        assert 0 <= expression.mouth <= 1
        assert 0 <= expression.blink <= 1
        assert all(-1 <= value <= 1 for value in (expression.wide, expression.smile, expression.brow))
