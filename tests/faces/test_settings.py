"""What `auto` stands for."""

import pytest

from clipforensics.faces.settings import resolved


@pytest.mark.parametrize(
    ("detector", "layout", "cropped", "meant"),
    [
        ("auto", "sample", False, "none"),
        ("auto", "manifest", False, "yunet"),
        ("auto", "deepfakebench", True, "none"),
        ("none", "manifest", False, "none"),
        ("yunet", "sample", True, "yunet"),
    ],
)
def test_auto_finds_faces_in_real_footage_that_is_not_cut_yet(detector, layout, cropped, meant):
    assert resolved(detector, layout=layout, cropped=cropped) == meant
