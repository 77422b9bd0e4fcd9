"""The budget that methods share: as shipped it is valid, and each wrong key is told in one line."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section, read_section
from clipforensics.training.budget import PixelBudget, TrainSection
from tests.support.repository import ROOT, merge

SHIPPED = read_section(ROOT / "params.yaml", "train", TrainSection).model_dump()


def check(**changes):
    return check_section(merge(SHIPPED, changes), TrainSection, "params.yaml: train")


def refused(**changes):
    with pytest.raises(InputError) as error:
        check(**changes)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_shipped_budget_is_valid_and_fixed():
    budget = check()
    assert budget.pixels.micro_batch_size <= budget.pixels.batch_size
    with pytest.raises(ValueError, match="frozen"):
        budget.pixels.epochs = 3


@pytest.mark.parametrize(("size", "micro"), [(32, 32), (32, 8), (32, 5), (1, 1)])
def test_a_step_may_be_cut_into_micro_batches(size, micro):
    pixels = check(pixels={"batch_size": size, "micro_batch_size": micro}).pixels
    assert (pixels.batch_size, pixels.micro_batch_size) == (size, micro)


def test_a_micro_batch_is_no_larger_than_the_batch():
    told = refused(pixels={"batch_size": 16, "micro_batch_size": 17})
    assert "micro_batch_size must be at most batch_size (16)" in told


@pytest.mark.parametrize("part", ["pixels", "embeddings"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0),
        ("patience", 0),
        ("batch_size", 0),
        ("weight_decay", -0.1),
        ("warmup_fraction", 1.0),
        ("warmup_fraction", -0.1),
        ("epochs", 1.5),
    ],
)
def test_numbers_out_of_range_are_named(part, key, value):
    told = refused(**{part: {key: value}})
    assert f"{part}.{key}" in told
    assert repr(value) in told


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"class_weight": "auto"}, "class_weight"),
        ({"sampling": "random"}, "sampling"),
        ({"self_blended": 1.5}, "self_blended"),
        ({"pixels": {"precision": "half"}}, "pixels.precision"),
        ({"pixels": {"frames_per_video": 0}}, "pixels.frames_per_video"),
        ({"pixels": {"micro_batch_size": 0}}, "pixels.micro_batch_size"),
        ({"pixels": {"compile": "yes"}}, "pixels.compile"),
        ({"pixels": {"gradient_checkpointing": 1}}, "pixels.gradient_checkpointing"),
        ({"augment": {"flip": 2.0}}, "augment.flip"),
    ],
)
def test_other_wrong_values_are_named(changes, named):
    assert f"`{named}`" in refused(**changes)


def test_a_misspelt_key_is_not_passed_over():
    assert "`pixels.epoch` is not a parameter" in refused(pixels={"epoch": 3})
    assert "is not a parameter" in refused(embeddings={"frames_per_video": 3})


def test_a_missing_key_has_no_second_value_in_the_code():
    for key in PixelBudget.model_fields:
        pixels = {k: v for k, v in SHIPPED["pixels"].items() if k != key}
        with pytest.raises(InputError, match=rf"`pixels.{key}` is missing"):
            check_section({**SHIPPED, "pixels": pixels}, TrainSection, "params.yaml: train")


@pytest.mark.parametrize("value", ["all", "balanced", "paired"])
def test_every_sampling_may_be_chosen(value):
    assert check(sampling=value).sampling == value


@pytest.mark.parametrize("value", ["auto", "float32", "bfloat16", "float16"])
def test_every_precision_may_be_chosen(value):
    assert check(pixels={"precision": value}).pixels.precision == value
