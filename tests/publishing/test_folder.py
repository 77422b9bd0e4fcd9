"""What stands beside a package: how frames are drawn from a video."""

from clipforensics.core.fitting import Fitting
from clipforensics.frames import rows as rows_
from clipforensics.publishing.folder import drawn_frames
from clipforensics.publishing.model import TrainingFootage


def test_how_faces_were_cut_is_said_where_they_were():
    whole = drawn_frames(TrainingFootage("sample", True, 8, Fitting(224)))
    assert whole["crop"] == "none: whole frames, no face crop"
    assert "faces" not in whole
    faces = {
        "detector": "yunet", "person": "largest", "margin": 1.3, "align": False, "without_face": "skip"
    }  # fmt: skip
    cut = drawn_frames(TrainingFootage("mine", False, 8, Fitting(224), faces))
    assert cut["faces"] == faces
    assert "`faces.margin` times its longer side" in cut["crop"]
    assert cut["left_out"] == "frames without that person, and videos without a face"


def test_an_upright_face_and_videos_without_one_are_told_as_they_are():
    faces = {"detector": "yunet", "person": "largest", "margin": 1.3, "align": True, "without_face": "whole"}
    cut = drawn_frames(TrainingFootage("mine", False, 8, Fitting(224), faces))
    assert "longer side" not in cut["crop"]
    assert "template" in cut["crop"]
    assert "whole frames were used" in cut["left_out"]


def test_frames_are_drawn_as_the_note_says():
    note = drawn_frames(TrainingFootage("sample", True, 8, Fitting(224)))
    assert (note["frames_per_video"], note["side"]) == (8, 224)
    formula = (
        note["numbers"].split(" for ")[0].replace("floor", "").replace("2 i", "2 * i").replace(") n", ") * n")
    )
    formula = formula.replace("/ (2 k)", "// (2 * k)")
    for n, k in ((101, 8), (16, 8), (9, 8)):
        said = [eval(formula, {"i": i, "n": n, "k": k}) for i in range(k)]
        assert said == rows_.sample_frame_indices(n, k).tolist()


def test_choices_that_are_no_rule_over_faces_alone_are_told():
    faces = {"detector": "yunet", "margin": 1.3, "align": False, "without_face": "skip"}
    every, mask, largest = (
        drawn_frames(TrainingFootage("mine", False, 8, Fitting(224), {**faces, **more}))
        for more in ({"person": "every", "min_share": 0.25}, {"person": "mask"}, {"person": "largest"})
    )
    assert "a frame's score is the highest of its people's" in every["people"]
    assert every["faces"]["min_share"] == 0.25
    assert "nobody has a mask of a new clip" in mask["people"]
    assert "people" not in largest
