"""Both classes through the same pipe: every stored frame once more through one lossy codec, at one strength.

Where real and manipulated files were compressed in different ways, a detector may read the way instead of the
face. A second compression, the same for all and stronger than most footage has seen, covers much of the
first. If the probe loses by it, part of what it read was lost with it, be it traces of compression or of the
manipulation.
"""

from typing import Any, Literal

import pandas as pd
from pydantic import Field

from clipforensics.alterations.degradations import degrade
from clipforensics.controls.view import Frames, View
from clipforensics.core.params import Section


class Settings(Section):
    """Section `controls.views.reencoded` of params.yaml.

    Attributes:
        degradation: The codec, one of `alterations.degradations`.
        strength: From 1 (mild) to 5 (severe), as there.
    """

    degradation: Literal["h264", "jpeg"]
    strength: int = Field(ge=1, le=5)


def alter(frames: Frames, known: pd.DataFrame, settings: Any) -> Frames:
    """The frames, re-encoded each by itself; no random number enters, so the seed is any."""
    key = str(known["key"].iloc[0])
    return degrade(frames, settings.degradation, settings.strength, key=key, seed=0)


VIEW = View(
    title="the probe on frames re-encoded alike",
    about="Every stored frame of both classes goes once more through one lossy codec, in training and test.",
    asks="removal",
    said="part of what it reads does not survive one more compression that is the same for both classes",
    alter=alter,
    settings=Settings,
)
