"""Section `recognition` of params.yaml."""

from typing import Literal

from pydantic import Field

from clipforensics.faces.settings import PinnedFile

Model = Literal["none", "sface"]


class RecognitionSection(PinnedFile):
    """Section `recognition` of params.yaml; of the network's file see `PinnedFile`.

    Attributes:
        model: What embeds faces; `none`: nobody is recognised.
        frames_per_person: Most frames of a person that are embedded.
        min_side: Smaller faces are not embedded, pixels of the full frame.
        threshold: Cosine at or above which two people count as alike.
    """

    section = "recognition"

    model: Model
    frames_per_person: int = Field(ge=1)
    min_side: int = Field(ge=1)
    threshold: float = Field(gt=0, lt=1)
