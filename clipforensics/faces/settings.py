"""Section `faces` of params.yaml, what `auto` in it means, and what names a network's file."""

from typing import ClassVar, Literal

from pydantic import Field

from clipforensics.core.params import Section

Detector = Literal["auto", "none", "yunet"]


class PinnedFile(Section):
    """What a section says of the one file that holds a network.

    Attributes:
        section: Its name in params.yaml, for messages.
        weights: The ONNX file, or a repository on the hub that has it.
        weights_file: Its name in that repository.
        revision: Commit of that repository, 40 hexadecimal digits.
        sha256: Of the file, wherever it comes from.
    """

    section: ClassVar[str]

    weights: str
    weights_file: str
    revision: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class FacesSection(PinnedFile):
    """Section `faces` of params.yaml; of the detector's file see `PinnedFile`.

    Attributes:
        detector: What finds faces; `none`: nothing is looked for, frames are cut around their middle. `auto`:
            `none` for the built-in sample and for data sets whose profile says that they are cut already.
        detect_size: Longer side in pixels to which a larger frame is reduced before it is looked at.
        min_score: Least confidence of a face, 0 to 1.
        stride: Of so many sampled frames one is looked at, where the faces of two such frames lie alike, and
            those between are interpolated. 1: every frame is looked at.
    """

    section = "faces"

    detector: Detector
    detect_size: int = Field(ge=80, le=4096)
    min_score: float = Field(gt=0, lt=1)
    stride: int = Field(ge=1, le=64)  # so many full frames are held


def resolved(detector: Detector, *, layout: str, cropped: bool) -> Literal["none", "yunet"]:
    """The detector that `auto` stands for; any other as it is.

    Args:
        detector: As in params.yaml.
        layout: Of the data set's profile.
        cropped: Whether that profile says that frames are cut around faces already.
    """
    if detector != "auto":
        return detector
    return "none" if layout == "sample" or cropped else "yunet"
