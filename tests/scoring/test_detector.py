"""A packaged detector asked about videos, pictures and arrays."""

import doctest
import threading

import numpy as np
import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.encoder.vision import Preprocessing
from clipforensics.explanations.relevance import relevance_maps
from clipforensics.footage.content import UnreadableVideo
from clipforensics.likelihood.likeness import fit_likeness
from clipforensics.publishing.validation import write_likeness
from clipforensics.scoring import detector as detector_module
from clipforensics.scoring.detector import Detector
from tests.support.clips import decode_all, make_clip
from tests.support.faces import needs_yunet
from tests.support.scoring_packages import AROUND, write_scoring_package
from tests.support.shared_data import FOOTAGE, needs_shared


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_scoring_package(tmp_path_factory.mktemp("made") / "package")


@pytest.fixture(scope="module")
def detector(folder):
    return Detector.from_pretrained(folder)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


def test_a_video_is_the_mean_of_its_sampled_frames(detector, clip):
    verdict = detector.score(clip)
    shown = decode_all(clip)
    numbers = [3, 11, 18, 26]
    expected = detector.score_frames(np.stack([shown[number] for number in numbers]))
    assert [one.frame for one in verdict.frames] == numbers
    assert [one.score for one in verdict.frames] == pytest.approx(expected, abs=1e-6)
    assert verdict.score == pytest.approx(expected.mean(), abs=1e-6)
    assert [one.seconds for one in verdict.frames] == pytest.approx([n / 25 for n in numbers])
    assert (verdict.n_sampled, verdict.n_scored) == (4, 4)
    assert (verdict.exhibit.codec, verdict.exhibit.width, verdict.exhibit.height) == ("h264", 64, 48)


def test_a_folder_of_pictures_is_a_video_and_a_picture_one_frame(detector, tmp_path):
    rng = np.random.default_rng(0)
    arrays = rng.integers(0, 256, (4, 40, 40, 3), dtype=np.uint8)
    (tmp_path / "frames").mkdir()
    for number, array in enumerate(arrays):
        Image.fromarray(array).save(tmp_path / f"frames/{number:03d}.png")
    scores = detector.score_frames(arrays)
    assert detector.score(tmp_path / "frames").score == pytest.approx(scores.mean(), abs=1e-6)
    single = detector.score(tmp_path / "frames/002.png")
    assert single.score == pytest.approx(scores[2], abs=1e-6)
    assert (single.low, single.high, single.exhibit.codec) == (None, None, "pictures")


def test_an_array_is_checked_and_none_has_no_scores(detector):
    assert detector.score_frames(np.empty((0, 9, 9, 3), np.uint8)).shape == (0,)
    for wrong in (np.zeros((2, 9, 9, 3)), np.zeros((9, 9, 3), np.uint8), np.zeros((2, 3, 9, 9), np.uint8)):
        with pytest.raises(ValueError, match=r"need uint8 \(n, height, width, 3\)"):
            detector.score_frames(wrong)


def test_memory_is_that_of_a_batch_however_many_frames_there_are(detector, monkeypatch):
    seen, whole = [], Preprocessing.pixels

    def pixels(self, frames, device):
        seen.append(len(frames))
        return whole(self, frames, device)

    monkeypatch.setattr(Preprocessing, "pixels", pixels)
    detector.score_frames(np.zeros((75, 32, 32, 3), np.uint8))
    assert seen == [32, 32, 11]


def test_what_cannot_be_read_is_told_by_its_reason(detector, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(UnreadableVideo, match="corrupt, truncated or not a video"):
        detector.score(tmp_path / "text.mp4")
    with pytest.raises(UnreadableVideo, match="is not a file"):
        detector.score(tmp_path / "nothing.mp4")
    with pytest.raises(UnreadableVideo, match="holds a NUL"):
        detector.score("no\0name.mp4")


def test_lora_is_scored_with_its_change_and_likeness_without_it(tmp_path, clip):
    detector = Detector.from_pretrained(write_scoring_package(tmp_path / "lora", method="lora", like="clips"))
    verdict = detector.score(clip)
    assert verdict.outcome != "outside"
    probe = Detector.from_pretrained(write_scoring_package(tmp_path / "probe", like="clips"))
    assert detector.examine(clip).unlike == pytest.approx(probe.examine(clip).unlike)
    assert verdict.score != pytest.approx(probe.score(clip).score)


def test_footage_unlike_the_training_data_is_outside(tmp_path, clip):
    detector = Detector.from_pretrained(write_scoring_package(tmp_path / "package", like="clips"))
    assert detector.examine(clip).unlike > 0.05
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    verdict = detector.score(tmp_path / "noise.png")
    assert (verdict.opinion, verdict.outcome, verdict.evidence) == ("no opinion", "outside", None)
    assert "unlike the footage that the detector was trained on" in verdict.reason


def test_frames_that_lost_their_faces_are_refused(tmp_path):
    """Whole frames would be scored by a detector of faces."""
    folder = write_scoring_package(tmp_path / "package", face_size=(80, 200))
    with pytest.raises(InputError, match="names no faces, and training saw them"):
        Detector.from_pretrained(folder)


def test_likeness_by_another_encoder_is_refused(tmp_path, clip):
    folder = write_scoring_package(tmp_path / "package")
    rng = np.random.default_rng(0)
    write_likeness(
        folder / "likeness.safetensors", fit_likeness(rng.normal(size=(60, 9)), rng.normal(size=(30, 9)))
    )
    with pytest.raises(InputError, match="is of another encoder; copy the package again"):
        Detector.from_pretrained(folder).score(clip)


def test_threads_share_a_detector(detector, tmp_path):
    clips = [make_clip(tmp_path / f"{seed}.mp4", seed=seed) for seed in range(6)]
    expected = [detector.score(one).score for one in clips]
    found = {}
    threads = [
        threading.Thread(target=lambda i=i, one=one: found.__setitem__(i, detector.score(one).score))
        for i, one in enumerate(clips * 3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[i] for i in range(18)] == expected * 3


def test_a_package_of_before_is_told_to_be_made_again(tmp_path):
    folder = write_scoring_package(tmp_path / "package")
    (folder / "validation.json").unlink()
    with pytest.raises(InputError, match=r"validation\.json does not exist; packages written before"):
        Detector.from_pretrained(folder)


@needs_yunet
@needs_shared
def test_everybody_is_scored_and_the_largest_judged(tmp_path):
    folder = write_scoring_package(tmp_path / "faces", around=AROUND, face_size=(20, 900))
    detector = Detector.from_pretrained(folder)
    two = next(path for path in sorted((FOOTAGE / "real").iterdir()) if _n_people(detector, path) > 1)
    verdict = detector.score(two)
    main, *others = verdict.people
    assert main.is_main
    assert others
    assert not any(one.is_main for one in others)
    of = [one.score for one in verdict.frames if one.person == main.person]
    assert verdict.score == pytest.approx(np.mean(of))
    assert all(one.evidence for one in verdict.people)
    assert any("people are shown" in text for text in verdict.warnings)
    every = AROUND | {"person": "every", "min_share": 0.25}
    apart = Detector.from_pretrained(write_scoring_package(tmp_path / "every", around=every))
    found = apart.score(two)
    by_frame = {}
    for one in found.frames:
        by_frame[one.frame] = max(by_frame.get(one.frame, 0), one.score)
    assert found.score == pytest.approx(np.mean(list(by_frame.values())))
    assert all(one.evidence is None for one in found.people)


def _n_people(detector, path):
    return len({face.person for face in detector.examine(path).seen.faces})


def test_the_examples_of_its_docstrings_run(tmp_path, monkeypatch):
    package = tmp_path / "models/lora/grouped/FaceSwap-42"
    package.parent.mkdir(parents=True)
    write_scoring_package(package, method="lora", usable=False)
    make_clip(tmp_path / "clip.mp4")
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(detector_module)
    assert (found.failed, found.attempted) == (0, 6)


def test_relevance_is_that_of_the_module_and_leaves_scores_as_they_were(detector, clip):
    pictures = detector.examine(clip).seen.pictures
    before = detector.score_fitted(pictures)
    maps = detector.relevance(pictures)
    package = detector.package
    pixels = package.preprocessing.pixels(pictures, package.device)
    assert (maps == relevance_maps(package.module, package.tower, pixels)).all()
    assert maps.shape == (len(pictures), 4, 4)
    assert maps.max() > 0
    assert (detector.score_fitted(pictures) == before).all()


def test_nobody_else_runs_the_module_while_it_is_traced(detector, clip, monkeypatch):
    pictures = detector.examine(clip).seen.pictures
    locked = []

    def traced(module, tower, pixels):
        locked.append(detector._forward.locked())
        return relevance_maps(module, tower, pixels)

    monkeypatch.setattr("clipforensics.explanations.relevance.relevance_maps", traced)
    detector.relevance(pictures)
    assert locked == [True]


def test_scores_wait_while_the_module_is_traced(detector, monkeypatch):
    locked, whole = [], type(detector.package).score_fitted

    def watched(self, frames):
        locked.append(detector._forward.locked())
        return whole(self, frames)

    monkeypatch.setattr(type(detector.package), "score_fitted", watched)
    detector.score_frames(np.zeros((2, 32, 32, 3), np.uint8))
    assert locked == [True]


def test_what_cannot_be_traced_says_why(detector, monkeypatch):
    assert detector.untraceable == ""
    monkeypatch.setattr(type(detector), "untraceable", "patches are mixed")
    with pytest.raises(InputError, match="patches are mixed"):
        detector.relevance(np.zeros((1, 32, 32, 3), np.uint8))
