"""The last block of an entered encoder computes the class token alone, and so exactly what it always did."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import CLIPVisionConfig
from transformers.models.clip.modeling_clip import CLIPEncoderLayer

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.encoder.families.clip import class_token_after
from tests.support.pixel_methods import pixels_of, shaken, tower_of, untrained
from tests.support.training_tasks import N_BLOCKS

EVERYWHERE = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2", "visual_projection"]
METHODS = [
    ("last_blocks", {"k": 1}),
    ("last_blocks", {"k": 2}),
    *[
        ("lora", {"variant": v, "r": 2, "last_blocks": n, "target_modules": EVERYWHERE})
        for v in ("lora", "dora", "rslora", "pissa")
        for n in (1, 2)
    ],
    ("lora", {"target_modules": ["visual_projection"]}),
]


def make_block(width, heads, *, attention="sdpa", seed=0):
    """One of transformers' blocks in float64, with weights large enough to matter."""
    config = CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=3 * width,
        num_attention_heads=heads,
        attn_implementation=attention,
    )
    block = CLIPEncoderLayer(config).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(0.4 * torch.randn(parameter.shape, generator=generator))
    return block


def gradients(output, wanted):
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    return torch.autograd.grad((weights * output).sum(), wanted, allow_unused=True)


@settings(deadline=None, max_examples=30)
@given(
    n=st.integers(1, 4),
    tokens=st.integers(1, 9),
    heads=st.sampled_from([1, 2, 4]),
    attention=st.sampled_from(["sdpa", "eager"]),
    seed=st.integers(0, 1000),
)
def test_the_class_token_after_a_block_is_that_of_the_whole_block(n, tokens, heads, attention, seed):
    block = make_block(8, heads, attention=attention, seed=seed)
    hidden = torch.randn(n, tokens, 8, generator=torch.Generator().manual_seed(seed)).double()
    hidden.requires_grad_(True)
    wanted = [hidden, *block.parameters()]
    whole, short = block(hidden, None)[:, :1], class_token_after(block, hidden)
    near = 1e-9 if attention == "sdpa" else 1e-5  # eager attention takes its softmax in float32
    torch.testing.assert_close(short, whole, atol=near, rtol=near)
    for mine, theirs in zip(gradients(short, wanted), gradients(whole, wanted), strict=True):
        torch.testing.assert_close(mine, theirs, atol=near, rtol=near)


def trained_gradients(model, inputs):
    """Log odds, and the gradients of everything that moves."""
    targets = torch.arange(len(inputs)) % 2
    model.zero_grad(set_to_none=True)
    loss = model.objective(inputs, targets.float(), torch.ones(len(inputs)))
    loss.backward()
    return loss.detach(), {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(("name", "changes"), METHODS)
def test_entered_above_it_gives_the_values_and_gradients_that_it_gives_from_pixels(bench, name, changes):
    model, pixels = shaken(untrained(name, bench, **changes)), pixels_of(bench)[:8]
    entry = model.entry()
    assert entry == N_BLOCKS - changes.get("k", changes.get("last_blocks", 0))
    loss, whole = trained_gradients(model, pixels)
    activations = model.below(pixels, entry)
    model.enter_at(entry)
    again, above = trained_gradients(model, activations)
    torch.testing.assert_close(again, loss, atol=1e-6, rtol=0)
    assert set(above) == set(whole)
    for key, gradient in whole.items():
        torch.testing.assert_close(above[key], gradient, atol=1e-6, rtol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(model(activations), model(pixels), atol=1e-5, rtol=0)


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
@pytest.mark.parametrize("entry", range(N_BLOCKS + 1))
def test_it_can_be_entered_at_every_block(bench, entry, embedding):
    model, pixels = shaken(AdaptedEncoder(tower_of(bench), embedding)).eval(), pixels_of(bench)
    model.enter_at(entry)
    with torch.no_grad():
        torch.testing.assert_close(model(model.below(pixels, entry)), model(pixels), atol=1e-5, rtol=0)


@pytest.mark.parametrize("variant", ["lora", "dora"])
def test_dropout_in_the_last_block_drops_what_it_drops_in_a_whole_forward_pass(bench, variant):
    changes = {"variant": variant, "dropout": 0.5, "target_modules": ["q_proj", "fc2"], "last_blocks": 1}
    model, pixels = shaken(untrained("lora", bench, **changes), 0.3).train(), pixels_of(bench)
    entry = model.entry()
    activations = model.below(pixels, entry)
    model.enter_at(entry)
    torch.manual_seed(1)
    whole = model(pixels)
    torch.manual_seed(1)
    torch.testing.assert_close(model(activations), whole, atol=1e-5, rtol=0)
    torch.manual_seed(2)
    assert not torch.allclose(model(activations), whole, atol=1e-3)


def test_a_frozen_prompt_is_part_of_what_lies_below(bench):
    prompt = torch.nn.Conv2d(3, 3, 1).requires_grad_(False)
    model, pixels = (
        shaken(AdaptedEncoder(tower_of(bench), "projected", prompt=prompt)).eval(),
        pixels_of(bench),
    )
    model.enter_at(1)
    with torch.no_grad():
        torch.testing.assert_close(model(model.below(pixels, 1)), model(pixels), atol=1e-5, rtol=0)
