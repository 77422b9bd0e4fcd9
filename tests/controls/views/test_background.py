"""The background is blanked before frames are stored, and so read as it is."""

import numpy as np
import pandas as pd

from clipforensics.controls.views.background import VIEW


def test_it_is_the_other_store_as_it_is():
    frames = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    assert VIEW.store == "background"
    assert (VIEW.alter(frames, pd.DataFrame({"key": ["a", "a"], "frame": [0, 1]}), None) == frames).all()
    frames_store = object()
    assert VIEW.made_of(frames_store, None) is None  # type: ignore[arg-type]
