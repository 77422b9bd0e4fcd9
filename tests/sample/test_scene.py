"""A face in a picture: the room stays, the face lies where it is said to, light comes from a direction."""

import numpy as np
import pytest

from clipforensics.sample.face import paint_skin
from clipforensics.sample.identity import draw_identity
from clipforensics.sample.motion import Expression, Pose
from clipforensics.sample.scene import draw_scene, paint_backdrop, pixel_shift, render_shot, shade

SIZE = 48
POSE = Pose(0.0, 0.0, 0.6, 0.0, 0.0, 0.0)
EXPRESSION = Expression(0.2, 0.0, 0.0, 0.0, 0.0, 0.0)


def shot(seed=0, pose=POSE):
    rng = np.random.default_rng(seed)
    skin, scene = paint_skin(draw_identity(rng), side=48), draw_scene(rng)
    backdrop = paint_backdrop(scene, SIZE)
    return render_shot(skin, scene, backdrop, pose, EXPRESSION, np.random.default_rng(1)), backdrop


@pytest.mark.parametrize("seed", range(4))
def test_a_scene_repeats_and_its_light_has_unit_length(seed):
    one, two = (draw_scene(np.random.default_rng(seed)) for _ in range(2))
    assert one.seed == two.seed
    assert np.linalg.norm(one.light) == pytest.approx(1)
    np.testing.assert_array_equal(paint_backdrop(one, 32), paint_backdrop(two, 32))


def test_the_picture_holds_colours_and_the_face_its_place():
    found, _ = shot()
    assert found.picture.shape == (SIZE, SIZE, 3)
    assert np.isfinite(found.picture).all()
    rows, columns = np.divmod(found.at, SIZE)
    assert abs(rows.mean() - SIZE / 2) < 3
    assert abs(columns.mean() - SIZE / 2) < 3
    assert ((found.edge >= 0) & (found.edge <= 1)).all()


def test_a_head_further_right_is_seen_further_right():
    moved = Pose(0.3, 0.0, 0.6, 0.0, 0.0, 0.0)
    here, there = (np.median(shot(pose=pose)[0].at % SIZE) for pose in (POSE, moved))
    assert there - here == pytest.approx(0.3 * SIZE / 2, abs=1.5)


def test_a_surface_towards_the_light_is_brighter():
    scene = draw_scene(np.random.default_rng(3))
    colour, flat = np.full((2, 3), 0.5), np.zeros((2, 2))
    lit, away = shade(scene, colour, flat, np.stack([scene.light, -scene.light]))
    assert (lit > away).all()


def test_a_step_to_the_right_of_an_upright_face_is_a_step_to_the_right_in_pixels():
    identity = draw_identity(np.random.default_rng(0))
    right, down = pixel_shift(identity, POSE, SIZE, np.array([0.1]), np.array([0.0]))
    assert right[0] > 0
    assert down[0] == pytest.approx(0, abs=1e-12)
