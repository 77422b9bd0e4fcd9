"""Two known faults of splits: fakes that nobody tests, and validation that knows the test."""

import pytest

from clipforensics.splits.leakage import audit, find_leaks
from clipforensics.splits.parts import Split, split_by_identity, split_official, split_per_class
from tests.support.populations import fake, frame_package, full_ffpp, population, real
from tests.support.shared_data import needs_shared

REPORT = {"real_fractions": [0.8, 0.1, 0.1], "train_fractions": [0.9, 0.1], "seed": 42}
WHO = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["NeuralTextures"]}


def names(videos, manipulation):
    return {video.name for video in videos if video.manipulation == manipulation}


@pytest.mark.parametrize("seed", range(5))
def test_fakes_that_share_nobody_with_what_can_train_are_all_tested(seed):
    """26 fakes of two manipulations, of people of whom there is no other footage, in 13 groups."""
    strangers = [fake(m, f"n{i}_m{i}") for i in range(13) for m in ("Sora", "Veo")]
    who = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["Sora", "Veo", "FaceSwap"]}
    shares = {"fractions": [0.4, 0.2, 0.4], "seed": seed}
    split = split_by_identity([*population(30, ("FaceSwap",)), *strangers], **who, **shares)
    assert set(strangers) <= set(split.test)
    assert split.left_out == ()
    sizes = split.sizes()
    assert [sizes[part]["real"] for part in ("train", "val", "test")] == [12, 6, 12], "training loses nothing"


def test_a_group_with_footage_that_can_train_stays_where_it_falls():
    """A real video of one person makes the group worth training on; its unseen fakes are then not tested."""
    videos = population(30, ("FaceSwap",)) + [real(f"p{i}") for i in range(20)]
    videos += [fake("Sora", f"p{i}_q{i}") for i in range(20)]
    who = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["Sora"]}
    split = split_by_identity(videos, **who, fractions=[0.6, 0.2, 0.2], seed=1)
    assert names(split.test, "Sora") == {
        f"p{i}_q{i}" for i in range(20) if f"p{i}" in names(split.test, "real")
    }
    assert 0 < len(names(split.test, "Sora")) < 20


def test_what_no_official_list_names_is_left_out_and_counted():
    videos = [*population(6), real("900"), fake("FaceSwap", "000_003"), fake("Face2Face", "000_001")]
    lists = {"train": [["000", "001"]], "val": [["002", "003"]], "test": [["005", "004"]]}
    split = split_official(videos, **WHO, lists=lists)
    assert {video.name for video in split.left_out} == {"900", "000_003"}, (
        "not of kinds that nobody asked for"
    )
    assert split.why == "no list names them"


def twins_in_validation(split: Split) -> tuple[int, int]:
    """Test fakes without a twin in training, and those of them that have one in validation."""
    fakes = [video for video in split.test if video.label == 1]
    training, validation = find_leaks(split.train, fakes), find_leaks(split.val, fakes)
    lone = [v for t, v in zip(training, validation, strict=True) if not t.twin]
    return len(lone), sum(leak.twin for leak in lone)


@needs_shared
def test_per_class_on_the_frame_package_every_fake_without_a_twin_in_training_has_one_in_validation():
    split = split_per_class(frame_package(), **WHO, **REPORT)
    assert twins_in_validation(split) == (10, 10)
    assert audit(split.val, split.test)["manipulations"]["NeuralTextures"]["twin"] == 10


@needs_shared
@pytest.mark.parametrize("shuffle", ["per_class", "one_stream", "numpy"])
def test_per_class_on_1000_ids_likewise(shuffle):
    split = split_per_class(full_ffpp(), **WHO, **REPORT, shuffle=shuffle)
    assert twins_in_validation(split) == (100, 100)


@needs_shared
def test_grouped_validation_knows_nobody_of_the_test():
    split = split_by_identity(full_ffpp(), **WHO, fractions=[0.6, 0.2, 0.2], seed=42)
    assert twins_in_validation(split)[1] == 0
    found = audit(split.val, split.test)
    assert found["real"]["any_seen"] == found["fake"]["any_seen"] == 0
