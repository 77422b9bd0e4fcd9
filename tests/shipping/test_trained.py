"""A package opened for conversion, and what of it can be folded into its tower."""

import numpy as np
import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder.vision import load_vision_tower
from clipforensics.shipping.agreement import as_log_odds, made_up_pixels
from clipforensics.shipping.trained import check_foldable, fold, open_trained


def test_folding_leaves_nothing_of_the_adapter_and_no_other_detector(package):
    trained = open_trained(package)
    pixels = made_up_pixels(trained.preprocessing)
    encoder = {**trained.about["encoder"], "model": str(package / "encoder")}
    unmerged, *_ = trained.method.log_odds(package, encoder=encoder, fitting=None)
    before = as_log_odds(unmerged)(pixels)
    assert any("lora_" in name for name, _ in unmerged.named_parameters())
    module = fold(trained)
    assert not any("lora_" in name or "base_layer" in name for name, _ in module.named_parameters())
    np.testing.assert_allclose(as_log_odds(module)(pixels), before, atol=1e-5)
    assert before.std() > 1e-3


def test_without_what_was_trained_it_would_be_another_detector(package):
    """The change is large enough for the comparison to see it."""
    trained = open_trained(package)
    pixels = made_up_pixels(trained.preprocessing)
    expected = as_log_odds(trained.module)(pixels)
    trained.module.tower = load_vision_tower(str(package / "encoder"), "local")
    assert np.abs(as_log_odds(trained.module)(pixels) - expected).max() > 1e-3


def test_what_is_no_package_is_told(tmp_path):
    with pytest.raises(InputError, match=r"holds no detector\.json, so it is no package"):
        open_trained(tmp_path)


def test_a_border_on_pixels_is_no_change_of_weights(package):
    trained = open_trained(package)
    check_foldable(trained)
    trained.module.prompt = torch.nn.Identity()
    with pytest.raises(InputError, match="lora changes pixels, which no weights of a tower can do; convert"):
        check_foldable(trained)
