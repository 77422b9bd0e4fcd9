"""Re-encoding: each frame by itself, by the codec that is set, the same for whatever video it is of."""

import numpy as np
import pandas as pd
import pytest

from clipforensics.alterations.degradations import degrade
from clipforensics.controls.views.reencoded import VIEW, Settings

FRAMES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


def known(key="v0"):
    return pd.DataFrame({"key": [key] * 3, "frame": [0, 1, 2]})


@pytest.mark.parametrize("codec", ["h264", "jpeg"])
def test_it_is_the_degradation_of_robustness(codec):
    settings = Settings(degradation=codec, strength=4)
    found = VIEW.alter(FRAMES, known(), settings)
    assert (found == degrade(FRAMES, codec, 4, key="another", seed=9)).all(), "nothing is drawn"
    assert (found != FRAMES).any()


@pytest.mark.parametrize("codec", ["h264", "jpeg"])
def test_a_frame_does_not_depend_on_its_neighbours(codec):
    settings = Settings(degradation=codec, strength=4)
    whole = VIEW.alter(FRAMES, known(), settings)
    alone = VIEW.alter(FRAMES[1:2], known()[1:2].reset_index(drop=True), settings)
    assert (alone[0] == whole[1]).all()
