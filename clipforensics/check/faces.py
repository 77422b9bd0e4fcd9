"""Face detector and recognition, where they are wanted: OpenCV installed, weights there or on the hub."""

from clipforensics.check.footage import Footage
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.core.faults import InputError
from clipforensics.crops.choosing import Person
from clipforensics.crops.extraction import ExtractSection
from clipforensics.faces.settings import FacesSection, resolved
from clipforensics.faces.table import NONE
from clipforensics.faces.weights import check_weights
from clipforensics.faces.yunet import load_opencv
from clipforensics.recognition.embedding import check_faces_are_found
from clipforensics.recognition.settings import RecognitionSection


def check_faces(params: Params, footage: Footage | None, problems: Problems) -> None:
    """Everything about the face detector but whether it finds anything, and about who recognises faces.

    Args:
        params: As far as it is right.
        footage: The data set, on which `auto` depends.
        problems: Receives what is wrong.
    """
    faces = params.section(FacesSection)
    if faces is None or footage is None:
        return
    detectors = {one.dataset: _detector(faces, one) for one in footage.every}
    if extract := params.section(ExtractSection):
        with problems.caught(str(params.path)):
            _check_person(extract.person, footage, looked=detectors[footage.dataset] != NONE)
    if set(detectors.values()) != {NONE}:
        with problems.caught(str(params.path)):
            load_opencv()
            check_weights(faces)
    recognition = params.section(RecognitionSection)
    if recognition is not None and recognition.model != NONE:
        with problems.caught(str(params.path)):
            check_faces_are_found(NONE if set(detectors.values()) == {NONE} else "yunet")
            check_weights(recognition)


def _detector(faces: FacesSection, one: Footage) -> str:
    return resolved(faces.detector, layout=one.profile.layout, cropped=one.profile.cropped)


def _check_person(person: Person, footage: Footage, *, looked: bool) -> None:
    """Raise InputError for a choice of people that this data set cannot give.

    Otherwise frames would be cut around their middle, or the largest person, under another name.
    """
    if person in ("every", "mask") and not looked:
        raise InputError(
            f"extract_frames.person is {person}, but no faces are looked for in data set {footage.dataset};"
            " set it to largest, or faces.detector to yunet"
        )
    if person == "mask" and not any(video.mask for video in footage.videos):
        raise InputError(
            f"extract_frames.person is mask, but data set {footage.dataset} has no manipulation masks: those"
            " of FaceForensics++ (fetch them), of DeepfakeBench and of a CSV's column mask are read;"
            " else set it to largest"
        )
