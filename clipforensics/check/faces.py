"""The face detector, where one is wanted: OpenCV installed, its weights there or on the hub."""

from clipforensics.check.footage import Footage
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.faces.settings import FacesSection, resolved
from clipforensics.faces.table import NONE
from clipforensics.faces.weights import check_weights
from clipforensics.faces.yunet import load_opencv


def check_faces(params: Params, footage: Footage | None, problems: Problems) -> None:
    """Everything about the face detector but whether it finds anything.

    Args:
        params: As far as it is right.
        footage: The data set, on which `auto` depends.
        problems: Receives what is wrong.
    """
    faces = params.section(FacesSection)
    if faces is None or footage is None:
        return
    profile = footage.profile
    if resolved(faces.detector, layout=profile.layout, cropped=profile.cropped) == NONE:
        return
    with problems.caught(str(params.path)):
        load_opencv()
        check_weights(faces)
