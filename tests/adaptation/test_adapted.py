"""An adapted encoder entered above its frozen blocks is the encoder run from the pixels, slopes included."""

import pytest
import torch
from peft import LoraConfig

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.peft_tower import put_inside
from clipforensics.encoder.vision import embed_pixels, load_vision_tower
from tests.support.training_tasks import N_BLOCKS, SIZE, write_two_towers

TARGETS = torch.tensor([0.0, 1.0, 1.0, 0.0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_two_towers(tmp_path_factory.mktemp("adapted") / "encoder")


def load(folder):
    return load_vision_tower(str(folder), "local")


def pixels(n=4, seed=1):
    return torch.randn(n, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def unfrozen(folder, *parts, embedding="projected"):
    """A plain tower of which the parameters move whose name holds one of `parts`."""
    tower = load(folder)
    for name, parameter in tower.named_parameters():
        parameter.requires_grad_(any(part in name for part in parts))
    return with_head(AdaptedEncoder(tower, embedding))


def with_lora(folder, block, *, embedding="projected"):
    """LoRA of peft's on the queries of one block, with drawn factors."""
    layer = f"vision_model.encoder.layers.{block}.self_attn.q_proj"
    tower = put_inside(load(folder), LoraConfig(r=2, lora_alpha=2, target_modules=[layer]))
    with torch.no_grad():
        for name, parameter in tower.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.3, generator=torch.Generator().manual_seed(len(name)))
    return with_head(AdaptedEncoder(tower, embedding))


def with_head(model):
    """The same with a drawn head, so that slopes go below it."""
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(0))
    return model.eval()


def slopes(model, inputs):
    """Loss, and the gradient of everything that moves."""
    model.zero_grad(set_to_none=True)
    loss = model.objective(inputs, TARGETS, 1 + TARGETS)
    loss.backward()
    return loss.detach(), {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
@pytest.mark.parametrize(
    ("make", "entry"),
    [
        (lambda folder, embedding: unfrozen(folder, "layers.2.", embedding=embedding), 2),
        (lambda folder, embedding: unfrozen(folder, "layers.1.mlp", "post_", embedding=embedding), 1),
        (lambda folder, embedding: unfrozen(folder, "post_layernorm", embedding=embedding), N_BLOCKS),
        (lambda folder, embedding: with_lora(folder, 1, embedding=embedding), 1),
        (lambda folder, embedding: with_lora(folder, 2, embedding=embedding), 2),
    ],
    ids=["last block", "middle block", "above the blocks", "LoRA inside", "LoRA in the last"],
)
def test_entered_above_its_frozen_blocks_it_gives_the_same_numbers_and_slopes(folder, embedding, make, entry):
    model, images = make(folder, embedding), pixels()
    assert model.entry() == entry
    loss, gradients = slopes(model, images)
    with torch.no_grad():
        log_odds = model(images)
    activations = model.below(images, entry)
    assert activations.shape == (4, (SIZE // 16) ** 2 + 1, 32)
    assert not activations.requires_grad
    model.enter_at(entry)
    with torch.no_grad():
        torch.testing.assert_close(model(activations), log_odds, atol=1e-5, rtol=1e-5)
        assert torch.equal(model(images), log_odds), "pixels still go the whole way"
    found, again = slopes(model, activations)
    torch.testing.assert_close(found, loss, atol=1e-6, rtol=1e-5)
    assert again.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(again[name], gradient, atol=1e-5, rtol=1e-4, msg=name)
        assert (gradient != 0).any() or "k_proj.bias" in name, name


@pytest.mark.parametrize(
    ("parts", "entry"),
    [
        ((), N_BLOCKS),
        (("visual_projection",), N_BLOCKS),
        (("post_layernorm", "layers.2.layer_norm1"), 2),
        (("layers.0.self_attn.v_proj", "layers.2."), 0),
        (("pre_layrnorm",), 0),
        (("layers.2.", "patch_embedding"), 0),
        (("class_embedding",), 0),
        (("position_embedding",), 0),
    ],
)
def test_the_entry_lies_below_everything_that_moves(folder, parts, entry):
    assert unfrozen(folder, *parts).entry() == entry


def test_there_is_no_entry_behind_a_prompt(folder):
    prompt = torch.nn.Conv2d(3, 3, 1)
    assert AdaptedEncoder(load(folder), "projected", prompt=prompt).entry() == 0
    frozen = torch.nn.Conv2d(3, 3, 1).requires_grad_(False)
    assert AdaptedEncoder(load(folder), "projected", prompt=frozen).entry() == N_BLOCKS


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
def test_the_head_reads_the_embedding_at_length_root_d(folder, embedding):
    model, images = unfrozen(folder, "layers.2.", embedding=embedding), pixels()
    with torch.no_grad():
        raw = embed_pixels(load(folder), images, embedding)
        d = raw.shape[1]
        expected = (raw / raw.norm(dim=1, keepdim=True)) * d**0.5 @ model.head.weight[0] + model.head.bias
        torch.testing.assert_close(model(images), expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(model.embed(images).norm(dim=1), torch.ones(4))
        assert torch.equal(model.judge(model.embed(images)), model(images))


def test_untrained_every_frame_is_as_likely_real_as_manipulated(folder):
    model = AdaptedEncoder(load(folder), "projected")
    with torch.no_grad():
        assert torch.equal(torch.sigmoid(model(pixels())), torch.full((4,), 0.5))
    assert {n for n, p in model.named_parameters() if p.requires_grad} == {"head.weight", "head.bias"}


def test_the_prompt_is_shown_to_the_tower(folder):
    mirror = torch.nn.ReflectionPad2d(0)
    mirror.forward = lambda images: images.flip(3)
    model, images = with_head(AdaptedEncoder(load(folder), "projected", prompt=mirror)).eval(), pixels()
    plain = with_head(AdaptedEncoder(load(folder), "projected")).eval()
    with torch.no_grad():
        assert torch.equal(model(images), plain(images.flip(3)))
        assert not torch.allclose(model(images), plain(images))


def test_the_base_is_the_tower_that_runs_with_or_without_peft(folder):
    tower = load(folder)
    assert AdaptedEncoder(tower, "projected").base is tower
    inside = with_lora(folder, 1)
    assert inside.base is inside.tower.get_base_model()
    assert any("lora_A" in name for name, _ in inside.base.named_parameters())
    assert inside.device == torch.device("cpu")
