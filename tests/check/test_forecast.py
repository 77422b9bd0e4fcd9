"""The estimate grows with what there is to do, and says that it is one."""

import re

import pytest

from clipforensics.check.forecast import Cost, forecast, in_words
from clipforensics.check.speed import Speed, measure
from clipforensics.controls.view import known_views
from tests.support.settings import checked

SPEED = Speed(1e10, "a thought")
TRAIN = "train@lora-per_class-FaceSwap-42"


def test_nothing_to_run_costs_nothing_but_memory():
    cost = forecast(checked(), [], SPEED)
    assert (cost.seconds, cost.disk) == (0, 0)


@pytest.mark.parametrize(
    ("stage", "changes"),
    [
        ("find_faces", {"faces": {"detector": "yunet"}}),
        ("embed_people", {"recognition": {"model": "sface"}}),
        ("embed", {"extract_frames": {"n_frames": 80}}),
        (TRAIN, {"train": {"pixels": {"epochs": 100}}}),
        (TRAIN, {"train": {"pixels": {"frames_per_video": 40}}}),
        (TRAIN, {"methods": {"lora": {"learning_rate": [0.001, 0.003]}}}),
        ("train@baseline-per_class-FaceSwap-42", {"methods": {"baseline": {"max_iterations": [1000, 2000]}}}),
        ("evaluate@lora-per_class-FaceSwap-42", {"extract_frames": {"n_frames": 80}}),
        ("explain", {"explain": {"sanity_draws": 500}}),
        ("robustness", {"robustness": {"frames_per_video": 8}}),
        ("embed_controls", {"controls": {"enabled": "always"}}),
        ("controls", {"controls": {"enabled": "always"}}),
    ],
)
def test_more_of_it_takes_longer(stage, changes):
    before, after = (forecast(checked(**c), [stage], SPEED).seconds for c in ({}, changes))
    assert after > 1.3 * before


def test_a_faster_machine_is_through_sooner():
    found = checked()
    slow, fast = (forecast(found, [TRAIN], Speed(rate, "")).seconds for rate in (1e9, 1e11))
    assert slow > 10 * fast


def test_a_method_on_embeddings_costs_seconds_and_one_on_pixels_more():
    found = checked()
    cell = "per_class-FaceSwap-42"
    probe, lora = (forecast(found, [f"train@{name}-{cell}"], SPEED).seconds for name in ("baseline", "lora"))
    assert probe < 10 < lora


def test_disk_is_the_frames_and_embeddings():
    found = checked()
    frames = 500 * 8
    assert forecast(found, ["extract_frames"], SPEED).disk == frames * 3 * 64 * 64
    packed = forecast(checked(extract_frames={"codec": "webp"}), ["extract_frames"], SPEED).disk
    assert packed < frames * 3 * 64 * 64 / 2
    assert forecast(found, ["embed"], SPEED).disk == frames * 64 * 4
    assert forecast(found, ["embed_controls"], SPEED).disk == 0, "the sample has no controls"
    on = checked(controls={"enabled": "always"})
    assert forecast(on, ["embed_controls"], SPEED).disk == frames * 64 * 4, "frames re-encoded; no faces"
    faces = checked(controls={"enabled": "always"}, faces={"detector": "yunet"})
    assert forecast(faces, ["embed_controls"], SPEED).disk == len(known_views()) * frames * 64 * 4


def test_memory_is_that_of_a_real_run_to_a_factor_of_two():
    """The sample's LoRA took 613 MB on an AMD EPYC (peak of the process)."""
    assert 0.5 < forecast(checked(), [TRAIN], SPEED).memory / 613e6 < 2


def test_this_machine_is_measured():
    rate = measure(portable=False).rate
    assert 1e8 < rate < 1e16
    one = measure(portable=True)
    assert one.one_thread
    assert "portable" in one.what


def test_the_line_says_what_it_is_and_from_what():
    line = in_words(Cost(7300, 2.34e9, 5e8), Speed(46.6e9, "the CPU, 2 threads"))
    assert line == (
        "estimate, to a factor of two or three: 2 hours, 2.3 GB of disk, 0.5 GB of memory; from these counts,"
        " the encoder's size and 47 GFLOP/s (the CPU, 2 threads, measured now)"
    )
    assert re.search(r": 45 seconds, 1 MB of disk", in_words(Cost(45, 10, 1e9), SPEED))
