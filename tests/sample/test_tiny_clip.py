"""The tiny CLIP: learns, repeats, and loads like any CLIP from the hub."""

import json
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.sample.pictures import Captioned, render_pictures
from clipforensics.sample.tiny_clip import train_tiny_clip

SMALL = {
    "steps": 3, "batch_size": 16, "learning_rate": 0.0015, "image_size": 32, "patch_size": 8,
    "hidden_size": 24, "n_layers": 2, "n_heads": 2, "projection": 16,
}  # fmt: skip


def pictures(n: int, seed: int, workers: int = 1) -> list[Captioned]:
    return render_pictures(n, seed=seed, frame_size=64, size=32, workers=workers)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small training that lasts long enough to learn something."""
    folder = tmp_path_factory.mktemp("tiny") / "clip"
    longer = {"steps": 300, "batch_size": 32, "learning_rate": 2e-3, "hidden_size": 48}
    train_tiny_clip(folder, pictures(640, seed=1), seed=1, **{**SMALL, **longer})
    return folder


def test_training_learns_to_tell_pictures_apart(folder: Path) -> None:
    record = json.loads((folder / "training.json").read_text())
    assert record["final_loss"] < record["first_loss"] - 0.4
    assert record["retrieval_top10"] > 1.8 * record["retrieval_top10_chance"]
    assert record["note"] == "a toy encoder: shows the machinery, not science"


def test_it_loads_as_a_hub_snapshot_does(folder: Path) -> None:
    import torch
    from transformers import AutoTokenizer, CLIPModel, CLIPProcessor

    model, loading = CLIPModel.from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    assert model.dtype == torch.float32
    processor = CLIPProcessor.from_pretrained(folder)
    picture = render_pictures(1, seed=9, frame_size=64, size=64, workers=1)[0]
    batch = processor(
        text=["a photo of a person with glasses", "Ünïcode, 你好 & words it has never met"],
        images=[picture.pixels], return_tensors="pt", padding=True, truncation=True,
    )  # fmt: skip
    assert batch["pixel_values"].shape == (1, 3, 32, 32)
    assert model(**batch).logits_per_image.shape == (1, 2)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert (
        tokenizer("a photo").input_ids[-1] == tokenizer.eos_token_id == model.config.text_config.eos_token_id
    )


def test_processing_is_declared_as_openais(folder: Path) -> None:
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    assert settings["image_processor_type"] == "CLIPImageProcessor"
    assert settings["size"] == {"shortest_edge": 32}
    assert settings["resample"] == 3
    assert settings["image_mean"] == [0.48145466, 0.4578275, 0.40821073]


def test_padding_does_not_change_a_text_embedding(folder: Path) -> None:
    import torch
    from transformers import AutoTokenizer, CLIPTextModelWithProjection

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = CLIPTextModelWithProjection.from_pretrained(folder).eval()
    texts = ["a blurry photo", "a sharp photo of a person with glasses"]
    with torch.no_grad():
        alone = model(**tokenizer(texts[:1], return_tensors="pt")).text_embeds
        padded = model(**tokenizer(texts, padding=True, truncation=True, return_tensors="pt")).text_embeds
    torch.testing.assert_close(alone, padded[:1])


def test_two_trainings_are_identical(tmp_path: Path) -> None:
    train_tiny_clip(tmp_path / "a", pictures(48, seed=2, workers=1), seed=2, **SMALL)
    train_tiny_clip(tmp_path / "b", pictures(48, seed=2, workers=2), seed=2, **SMALL)
    train_tiny_clip(tmp_path / "c", pictures(48, seed=3, workers=2), seed=3, **SMALL)
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    weights = [(tmp_path / run / "model.safetensors").read_bytes() for run in "ac"]
    assert weights[0] != weights[1]


def test_training_does_not_depend_on_the_threads_that_torch_would_use(tmp_path: Path) -> None:
    import torch

    n_threads = torch.get_num_threads()
    for count in (1, 3):
        torch.set_num_threads(count)
        train_tiny_clip(tmp_path / str(count), pictures(48, seed=2), seed=2, **SMALL)
        assert torch.get_num_threads() == count
    torch.set_num_threads(n_threads)
    weights = [(tmp_path / str(count) / "model.safetensors").read_bytes() for count in (1, 3)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_pictures": 4}, "`clip.n_pictures`: 4 must be at least 16"),
        ({"patch_size": 7}, "`clip.image_size`: 32 must be a multiple of patch_size=7"),
        ({"n_heads": 5}, "`clip.hidden_size`: 24 must be a multiple of n_heads=5"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(tmp_path: Path, wrong: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        train_tiny_clip(
            tmp_path / "clip", pictures(wrong.pop("n_pictures", 16), seed=1), seed=1, **{**SMALL, **wrong}
        )
