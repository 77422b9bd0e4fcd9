"""Section `recognition`: what cannot be is refused, and the file is found as the face detector's is."""

import hashlib

import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section
from clipforensics.faces.weights import find_weights
from clipforensics.recognition.settings import RecognitionSection
from tests.support.imports import ROOT

SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text())["recognition"]


def section(**changes):
    return check_section({**SHIPPED, **changes}, RecognitionSection, "recognition")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"model": "arcface"}, {"frames_per_person": 0}, {"min_side": 0}, {"threshold": 0.0}),
        *({"threshold": 1.0}, {"threshold": 1}, {"sha256": "0"}, {"section": "faces"}),
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        section(**wrong)


def test_it_is_off_as_shipped():
    assert section().model == "none"


def test_faults_of_the_file_name_this_section(tmp_path):
    path = tmp_path / "sface.onnx"
    path.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert find_weights(section(weights=str(path), sha256=digest)) == path
    with pytest.raises(InputError, match=r"^recognition\.sha256 .* does not fit"):
        find_weights(section(weights=str(path)))
    with pytest.raises(InputError, match=r"^recognition\.weights 'no\.onnx' is no file"):
        find_weights(section(weights="no.onnx"))
    with pytest.raises(InputError, match=r"^recognition\.revision 'main' does not pin"):
        find_weights(section(revision="main"))
