"""Section `duplicates` of params.yaml."""

from pydantic import Field

from clipforensics.core.params import Section


class DuplicatesSection(Section):
    """Section `duplicates` of params.yaml.

    Attributes:
        frames_per_video: Most stored frames of a video that are hashed.
        distance: Most bits in which two frames that look alike differ; `matching` finds no more than 3.
    """

    frames_per_video: int = Field(ge=1)
    distance: int = Field(ge=0, le=3)
