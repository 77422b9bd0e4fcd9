"""What a painted face shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.sample import face
from clipforensics.sample.identity import Identity, draw_identity
from clipforensics.sample.motion import Expression

REST = Expression(mouth=0, wide=0, smile=0, blink=0, brow=0, gaze=0)


def person(seed: int = 0) -> Identity:
    return draw_identity(np.random.default_rng(seed))


def colours(identity: Identity, expression: Expression, u: float, v: float) -> np.ndarray:
    """Mean RGB of a small patch around (u, v)."""
    grid_u, grid_v = np.meshgrid(*[np.linspace(-0.02, 0.02, 5, dtype=np.float32)] * 2)
    colour, _ = face.paint_face(
        face.paint_skin(identity, 64), expression, (grid_u + u).ravel(), (grid_v + v).ravel()
    )
    return colour.mean(axis=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 8), st.integers(0, 8))
def test_sample_map_is_exact_at_its_own_points(row: int, column: int) -> None:
    maps = np.random.default_rng(1).random((9, 9, 2)).astype(np.float32)
    u, v = face.grid(9)
    value = face.sample_map(maps, u[row, column], v[row, column])
    np.testing.assert_allclose(value, maps[row, column], atol=2e-3)


def test_sample_map_is_linear_between_points() -> None:
    maps = face.grid(5)[0][..., None]
    points = np.linspace(-1.1, 1.1, 7, dtype=np.float32)
    np.testing.assert_allclose(face.sample_map(maps, points, points)[:, 0], points, atol=2e-3)


def test_soft_covers_half_a_pixel_at_the_edge() -> None:
    np.testing.assert_allclose(face.soft(np.array([-1.0, 0.0, 1.0]), 0.1), [0, 0.5, 1])


@pytest.mark.parametrize("seed", range(4))
def test_an_open_mouth_is_darker_than_lips(seed: int) -> None:
    identity = person(seed)
    wide_open = Expression(mouth=1, wide=0, smile=0, blink=0, brow=0, gaze=0)
    v = identity.mouth[0] + 0.03 + 0.03
    assert colours(identity, wide_open, 0, v).mean() < 0.75 * colours(identity, REST, 0, v + 0.02).mean()


@pytest.mark.parametrize("seed", range(4))
def test_a_blink_hides_the_eye(seed: int) -> None:
    identity = person(seed)
    shut = Expression(mouth=0, wide=0, smile=0, blink=1, brow=0, gaze=0)
    spacing, height = identity.eye[:2]
    u, v = spacing + 0.12, height + identity.eye[4] * -0.12
    assert colours(identity, REST, u, v).mean() != pytest.approx(
        colours(identity, shut, u, v).mean(), abs=0.05
    )
