"""Face alone: all that surrounds the face in a stored frame is black, in training and test.

A frame is cut `extract_frames.margin` times as wide as the face and about its middle, so the face is the
middle of the frame, one part in `margin` of its side. (Where a square was moved into the picture, or the face
turned upright, that is so but roughly; of a whole frame without a face its middle stays.)
"""

from typing import Any

import pandas as pd

from clipforensics.controls.view import Frames, View


def alter(frames: Frames, known: pd.DataFrame, settings: Any) -> Frames:
    """The frames, black outside the middle part in `margin`."""
    size = frames.shape[1]
    kept = round(size / float(known["margin"].iloc[0]))
    begin = (size - kept) // 2
    alone = frames.copy()
    alone[:, :begin] = alone[:, begin + kept :] = 0
    alone[:, :, :begin] = alone[:, :, begin + kept :] = 0
    return alone


VIEW = View(
    title="the probe on the face alone",
    about="All that surrounds the face in a stored frame is black, in training and test.",
    asks="removal",
    said="part of what it reads lies around the face",
    alter=alter,
    of_faces=True,
)
