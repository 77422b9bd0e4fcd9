"""One person's frames, or the same frames whole without anybody's face."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clipforensics.core.fitting import Fitting
from clipforensics.crops.cutting import blank, cut_square, cut_upright
from clipforensics.crops.person import Cut, extract_faces
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import resize_and_crop
from tests.support.clips import decode_all, make_clip
from tests.support.faces import make_face

SQUARE = Fitting(20)
CUT = Cut(person="largest", min_share=0.25, margin=1.5, align=False, without_face="skip")
HERS = [make_face(10 + n, 8, 16, frame=frame, person=0) for n, frame in enumerate((1, 4, 9))]
HIS = [make_face(40, 20, 12, frame=4, person=1), make_face(40, 22, 12, frame=6, person=1)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = make_clip(tmp_path_factory.mktemp("clip") / "a.mp4", n_frames=12, options={"bf": "2"})
    return path, decode_all(path)


@pytest.mark.parametrize("align", [False, True])
def test_the_person_is_cut_out_of_her_own_frames(align, clip):
    path, whole = clip
    cut = CUT.model_copy(update={"align": align})
    way = cut_upright if align else cut_square
    expected = [way(whole[face.frame], face, 1.5, SQUARE) for face in HERS]
    assert np.array_equal(extract_faces(path, HERS, cut, SQUARE), np.stack(expected))


def test_everybody_is_blanked_in_the_same_frames(clip):
    path, whole = clip
    found = extract_faces(path, HERS, CUT, SQUARE, sorted([*HERS, *HIS], key=lambda face: face.frame))
    faces = {1: [HERS[0]], 4: [HERS[1], HIS[0]], 9: [HERS[2]]}
    expected = [resize_and_crop(blank(whole[frame], faces[frame]), SQUARE) for frame in faces]
    assert np.array_equal(found, np.stack(expected))


def test_pictures_of_a_folder(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(10)]
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{number:03d}.png")
    expected = [cut_square(pictures[face.frame], face, 1.5, SQUARE) for face in HERS]
    assert np.array_equal(extract_faces(tmp_path, HERS, CUT, SQUARE), np.stack(expected))


def test_a_frame_that_is_not_there(clip):
    with pytest.raises(UnreadableVideo):
        extract_faces(clip[0], [replace(HERS[0], frame=12)], CUT, SQUARE)
