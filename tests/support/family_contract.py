"""What every family of encoders must keep; a family's own test file says the rest by hand."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.contract import find_detector
from clipforensics.check.tower import Tower
from clipforensics.core.faults import InputError
from clipforensics.detectors import lora
from clipforensics.encoder import vision
from clipforensics.encoder.families.finding import FAMILIES, family_of
from clipforensics.footage.pictures import resize_and_crop
from tests.support.repository import merge
from tests.support.towers import N_BLOCKS, SIZE, write_tower
from tests.support.training_tasks import QUICK, Bench, encoder_fields, shipped_budget, shipped_settings


class FamilyContract:
    """Subclasses, one a family, say what is known of it from elsewhere.

    Attributes:
        kind: `model_type` of its config.json.
        targets: Layers that LoRA adapts by default, in a block.
        true_size: config.json of a published encoder.
        parameters: Of that encoder's vision tower, without what is not loaded.
    """

    kind: str
    targets: tuple[str, ...] = ("q_proj", "k_proj")
    true_size: Mapping[str, Any]
    parameters: int

    def reference(self, tower: Any, pixels: torch.Tensor, embedding: str) -> torch.Tensor:
        """The embedding, by the tower's modules alone."""
        raise NotImplementedError

    def processed(self, folder: Path, picture: np.ndarray) -> torch.Tensor:
        """What the checkpoint's own processor makes of a picture: float32 (3, s, s)."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory):
        return write_tower(cls.kind, tmp_path_factory.mktemp(cls.kind) / "encoder")

    @pytest.fixture
    def tower(self, folder):
        return vision.load_vision_tower(str(folder), "local")

    @pytest.fixture
    def pixels(self):
        return torch.randn(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))

    def test_the_tower_is_loaded_frozen_and_known_by_its_type(self, folder, tower):
        family = FAMILIES[self.kind]
        assert type(tower) is family.tower_class()
        assert family_of(tower) is family is vision.find_family(str(folder), "local")
        assert not tower.training
        assert {(p.dtype, p.requires_grad) for p in tower.parameters()} == {(torch.float32, False)}
        assert len(family.blocks(tower)) == N_BLOCKS

    def test_every_embedding_is_what_it_is_said_to_be(self, tower, pixels):
        family = family_of(tower)
        assert set(family.embeddings) == set(family.after) == set(family.call)
        for embedding in family.embeddings:
            found = vision.embed_pixels(tower, pixels, embedding)
            assert found.shape == (3, vision.embedding_width(tower, embedding))
            torch.testing.assert_close(found, self.reference(tower, pixels, embedding))

    def test_the_code_on_model_cards_gives_the_embedding(self, tower, pixels):
        family = family_of(tower)
        for embedding, code in family.call.items():
            found = eval(code.format("pixels"), {"torch": torch, "tower": tower, "pixels": pixels})
            assert torch.equal(found, vision.embed_pixels(tower, pixels, embedding))

    def test_entered_above_any_block_it_gives_the_embedding(self, tower, pixels):
        for embedding in family_of(tower).embeddings:
            model = AdaptedEncoder(tower, embedding).train()
            whole = model.embed(pixels)
            for n_blocks in range(N_BLOCKS + 1):
                model.enter_at(n_blocks)
                torch.testing.assert_close(model.embed(model.below(pixels, n_blocks)), whole)

    def test_training_mode_draws_nothing_at_random(self, tower, pixels):
        embedding = next(iter(family_of(tower).embeddings))
        frozen = vision.embed_pixels(tower, pixels, embedding)
        assert torch.equal(vision.embed_pixels(tower.train(), pixels, embedding), frozen)

    def test_what_an_embedding_passes_is_what_has_a_gradient(self, folder, tower, pixels):
        """The slow reference: a backward pass through the real tower."""
        family = family_of(tower)
        shape = family.shape(vision.load_config(str(folder), "local"))
        for embedding in family.embeddings:
            tower.requires_grad_(True).zero_grad()
            vision.embed_pixels(tower, pixels, embedding).pow(3).sum().backward()
            reached = {name: p for name, p in tower.named_parameters() if p.grad is not None}
            assert set(reached) == {n for n, _ in tower.named_parameters() if family.passed(n, embedding)}
            norms = {
                f"{name}.{key}"
                for name, module in tower.named_modules()
                if isinstance(module, torch.nn.LayerNorm)
                for key, _ in module.named_parameters()
            } & set(reached)
            found = shape.passed(embedding)
            assert found.numbers == sum(p.numel() for p in reached.values())
            assert found.biases == sum(p.numel() for name, p in reached.items() if name.endswith("bias"))
            assert found.norms == sum(reached[name].numel() for name in norms)
            assert {n.rpartition(".")[0] for n in norms} == set(family.norms(tower, embedding))

    def test_its_parameters_at_true_size_are_those_of_the_module(self):
        family = FAMILIES[self.kind]
        shape = family.shape(self.true_size)
        with torch.device("meta"):
            tower = family.tower_class()(family.tower_config(self.true_size), **family.load_options)
        assert shape.parameters == self.parameters == sum(p.numel() for p in tower.parameters())
        assert shape.layers == len(family.blocks(tower))
        block = family.blocks(tower)[0]
        assert shape.block.numbers == sum(p.numel() for p in block.parameters())
        layers = {n: m for n, m in block.named_modules() if isinstance(m, torch.nn.Linear)}
        assert shape.linear == {
            name.rpartition(".")[2]: (m.in_features, m.out_features) for name, m in layers.items()
        }
        assert Tower.of({**self.true_size, "model_type": self.kind}).tokens == shape.tokens

    def test_lora_finds_query_and_key(self, tower):
        settings = shipped_settings("lora")
        assert settings.target_modules == "auto"
        family = family_of(tower)
        found = lora.find_targets(tower, settings, next(iter(family.embeddings)))
        attention = [f"{family.blocks_at}.{b}.{family.attention_at}." for b in range(N_BLOCKS)]
        assert set(found) == {f"{place}{name}" for place in attention for name in self.targets}

    @pytest.mark.parametrize("variant", ["lora", "rslora", "dora", "pissa"])
    def test_untrained_lora_is_the_encoder_and_is_counted_by_its_formula(
        self, folder, tower, pixels, variant
    ):
        embedding = next(iter(family_of(tower).embeddings))
        before = torch.nn.functional.normalize(vision.embed_pixels(tower, pixels, embedding), dim=-1)
        settings, method = shipped_settings("lora", variant=variant, r=4), find_detector("lora")
        model = method.adapt(tower, settings, embedding=embedding, seed=1).eval()
        torch.testing.assert_close(model.embed(pixels), before, atol=1e-5, rtol=1e-5)
        about = encoder_fields({"model": str(folder), "revision": "local", "embedding": embedding})
        moved = sum(p.numel() for n, p in model.named_parameters() if p.requires_grad and "head." not in n)
        assert method.expected_parameters(about, settings)["trainable"] == moved

    def test_another_familys_embedding_is_refused_in_one_line(self, tower, pixels):
        other = next(n for n in ("class_mean", "projected") if n not in family_of(tower).embeddings)
        with pytest.raises(InputError) as told:
            vision.embedding_width(tower, other)
        assert f"encoder.embedding: {other!r} is no embedding of a" in str(told.value)
        assert "\n" not in str(told.value)

    @pytest.mark.parametrize(("height", "width"), [(180, 320), (90, 61), (SIZE, SIZE)])
    def test_frames_are_what_its_own_processor_makes_of_pictures(self, folder, height, width):
        """To one grey level."""
        picture = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
        own = vision.load_preprocessing(str(folder), "local", fitting=None)
        frame = np.stack([resize_and_crop(picture, own.fitting)])
        found = own.pixels(frame, torch.device("cpu"))[0]
        level = 1.001 / 255 / min(own.std)
        assert own.size == SIZE
        assert (found - self.processed(folder, picture)).abs().max() <= level

    @pytest.fixture(scope="class")
    @classmethod
    def bench(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp(f"{cls.kind}-bench")
        return Bench.make(folder, embedding="pooled", write=lambda place: write_tower(cls.kind, place))

    @pytest.mark.parametrize("pixels", [{"cache_activations": False}, {"gradient_checkpointing": True}])
    def test_how_the_lower_blocks_are_computed_changes_no_score(self, bench, tmp_path, pixels):
        """Kept activations, and recomputed ones, train the same LoRA."""
        settings, method = shipped_settings("lora", last_blocks=1, dropout=0.0), find_detector("lora")
        scores = []
        for number, changes in enumerate(({}, pixels)):
            (tmp_path / f"scratch-{number}").mkdir()
            budget = shipped_budget(merge(QUICK, {"pixels": changes}))
            task = dataclasses.replace(bench.task, scratch=tmp_path / f"scratch-{number}", budget=budget)
            method.fit(task, settings, tmp_path / f"{number}")
            stores = {"frames": task.frames, "embeddings": task.embeddings}
            scores.append(method.score(tmp_path / f"{number}", bench.everything, **stores))
        assert scores[0].std() > 1e-4
        np.testing.assert_allclose(scores[1], scores[0], atol=1e-6)
