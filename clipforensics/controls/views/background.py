"""Background alone: whole frames with a black box in place of every face, in training and test.

The detectors read squares around faces; what is left here they hardly see. Where the probe tells the classes
apart on it, real and manipulated videos differ in what surrounds the face, and so may the squares.
"""

from typing import Any

import pandas as pd

from clipforensics.controls.view import Frames, View


def alter(frames: Frames, known: pd.DataFrame, settings: Any) -> Frames:
    """Nothing: the stage `extract_background` has blanked the faces in the full frames."""
    return frames


VIEW = View(
    title="the probe on the background alone",
    about="The same frames whole, with a black box in place of every face, in training and test.",
    asks="rival",
    said="faces were read",
    alter=alter,
    store="background",
)
