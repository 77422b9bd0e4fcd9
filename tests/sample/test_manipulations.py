"""Each manipulation changes what its namesake changes, and nothing else."""

from itertools import pairwise

import numpy as np
import pytest

from clipforensics.sample import videos
from clipforensics.sample.manipulations import MANIPULATIONS
from clipforensics.sample.videos import Film, render_frames

FILM = Film(n_frames=6, size=96, fps=12, crf=23, seed=5, strength=1.0)


def frames(manipulation: str, target: int = 0, source: int = 1, film: Film = FILM) -> np.ndarray:
    return np.stack([pixels for (pixels,) in render_frames(film, [manipulation], target, source)]).astype(
        float
    )


def face_shots(target: int = 0) -> list[videos.Shot]:
    return list(videos._shots(FILM, target, *videos._cast(FILM, target)))


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    return frames("")


@pytest.mark.parametrize("manipulation", sorted(MANIPULATIONS))
def test_only_the_face_changes(manipulation: str, real: np.ndarray) -> None:
    changed = np.abs(frames(manipulation) - real).max(axis=3)
    for difference, shot in zip(changed, face_shots(), strict=True):
        outside = np.ones(difference.size, bool)
        outside[shot.at] = False
        assert difference.ravel()[outside].max() == 0
        assert difference.ravel()[~outside].max() > 10


@pytest.mark.parametrize("manipulation", sorted(MANIPULATIONS))
def test_it_repeats_and_depends_on_the_source(manipulation: str) -> None:
    np.testing.assert_array_equal(frames(manipulation), frames(manipulation))
    assert np.abs(frames(manipulation) - frames(manipulation, source=2)).max() > 10


def test_neural_textures_leaves_the_face_above_the_mouth_alone(real: np.ndarray) -> None:
    changed = np.abs(frames("NeuralTextures") - real).max(axis=3)
    for difference, shot in zip(changed, face_shots(), strict=True):
        assert difference.ravel()[shot.at[shot.v < 0.0]].max() == 0


@pytest.mark.parametrize("manipulation", ["FaceSwap", "Deepfakes"])
def test_a_swap_replaces_the_eyes_that_reenactment_keeps(manipulation: str, real: np.ndarray) -> None:
    shots = face_shots()

    def eyes(video: np.ndarray) -> float:
        near = [np.abs(shot.v + 0.12) < 0.1 for shot in shots]
        pairs = zip(np.abs(video - real).max(axis=3), shots, near, strict=True)
        return float(np.mean([d.ravel()[shot.at[at]].mean() for d, shot, at in pairs]))

    assert eyes(frames(manipulation)) > 1.8 * eyes(frames("Face2Face"))


def test_a_deepfake_is_smoother_than_the_face_it_replaces(real: np.ndarray) -> None:
    def roughness(video: np.ndarray) -> float:
        return float(np.mean([detail(frame, shot) for frame, shot in zip(video, face_shots(), strict=True)]))

    def detail(frame: np.ndarray, shot: videos.Shot) -> float:
        inner = shot.at[np.hypot(shot.u, shot.v - 0.14) < 0.4]
        step = np.abs(np.diff(frame.mean(axis=2), axis=1, append=0)).ravel()
        return float(step[inner].mean())

    assert roughness(frames("Deepfakes")) < 0.7 * roughness(real)


def test_the_expression_comes_from_the_source() -> None:
    other = [expression.mouth for _, expression in videos._cast(FILM, 1)[2]]
    assert any(abs(a - b) > 0.02 for a, b in pairwise(other))
    assert np.abs(np.diff(frames("NeuralTextures"), axis=0)).max() > 0


def test_manipulations_made_of_one_footage_do_not_touch_each_other(real: np.ndarray) -> None:
    names = ["", *sorted(MANIPULATIONS, reverse=True)]
    together = np.stack([np.stack(row) for row in render_frames(FILM, names, 0, 1)], axis=1)
    np.testing.assert_array_equal(together[0], real)
    for name, video in zip(names, together, strict=True):
        np.testing.assert_array_equal(video, frames(name))


def test_strength_scales_the_flaws(real: np.ndarray) -> None:
    def change(strength: float) -> float:
        film = Film(6, 96, 12, 23, 5, strength)
        fake = frames("NeuralTextures", 0, 0, film)
        return float(np.abs(fake - real).mean())

    assert change(0.2) < change(1.0) < change(1.8)
