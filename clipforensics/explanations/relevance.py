"""Where in a frame a detector's score comes from: gradient-weighted attention relevance.

Chefer, Gur and Wolf 2021, "Generic Attention-model Explainability for Interpreting Bi-Modal and
Encoder-Decoder Transformers" (ICCV), the rule for self-attention; checked as in Adebayo et al. 2018,
"Sanity Checks for Saliency Maps" (NeurIPS).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.stats import rankdata

from clipforensics.core.faults import InputError
from clipforensics.encoder.families.finding import family_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

METHOD = "gradient-weighted attention relevance of the log odds (Chefer, Gur and Wolf 2021)"

BATCH = 8
"""Frames at once. ViT-L/14 then holds about 1 GiB of attention weights, and their gradients again."""


def relevance_maps(module: torch.nn.Module, tower: "PreTrainedModel", pixels: torch.Tensor) -> np.ndarray:
    """How much each patch adds to the log odds of a frame being manipulated.

    R starts as the identity and takes, layer by layer, R + mean over heads of relu(dl/dA * A) R, with A
    the attention weights and l the log odds of the frame. The map is the row of the class token, without the
    columns of the class token itself and of registers.

    It shows what speaks for `manipulated`, whatever the label and the score: attention that lowers
    the log odds is cut off by the relu, so evidence for `real` is not seen, and a low map does not say that
    a place looks real.

    Args:
        module: float32 pixels (n, 3, s, s) -> log odds (n,); in evaluation mode, frame by frame independent.
            If it shows the tower another picture than the frame, its `onto_frame` turns maps (n, g, g) of
            that picture into maps of the frame.
        tower: The vision tower that `module` runs; plain or with an adapter inside.
        pixels: float32 (n, 3, s, s), on the module's device.

    Returns:
        float32 (n, g, g), g x g patches, at least 0, on the scale of log odds but not additive:
        the map does not sum to the log odds. Row 0 is the top of the frame.

    Raises:
        InputError: the tower's tokens are not a class token and a square grid of patches.
    """
    grid = pixels.shape[-1] // family_of(tower).shape(tower.config.to_dict()).patch
    parts = [_maps(module, tower, part, grid) for part in pixels.split(BATCH) if len(part)]
    maps = np.concatenate(parts) if parts else np.empty((0, grid, grid), np.float32)
    onto_frame = getattr(module, "onto_frame", None)
    return maps if onto_frame is None else onto_frame(maps)


def roll_out(attentions: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor]) -> torch.Tensor:
    """The rule of `relevance_maps` on its own.

    Args:
        attentions: A layer by layer from the first, each (n, heads, tokens, tokens), rows attend to columns.
        gradients: dl/dA, alike.

    Returns:
        R after the last layer, (n, tokens, tokens).
    """
    n, _, tokens, _ = attentions[0].shape
    relevance = torch.eye(tokens, dtype=attentions[0].dtype, device=attentions[0].device).repeat(n, 1, 1)
    for attention, gradient in zip(attentions, gradients, strict=True):
        weighted = (gradient * attention).clamp(min=0).mean(dim=1)
        relevance = relevance + weighted @ relevance
    return relevance


def check_sanity(
    maps: Callable[[], np.ndarray], module: torch.nn.Module, tower: torch.nn.Module, *, seed: int, draws: int
) -> dict[str, Any]:
    """Compare the maps with those of the same architecture with random weights; `module` is spoilt by it.

    First the weights of `module` outside the tower are shuffled (the head: what was learnt of
    real and manipulated), then all of them, `draws` times each. Maps that hardly change when all weights
    are random show the picture, not the detector; maps that hardly change with the head show the
    encoder more than what the detector learnt to tell apart.

    Args:
        maps: Computes the maps (n, g, g) of `module` as it is at the moment.
        module: As for `relevance_maps`; its weights are shuffled in place.
        tower: The part of `module` that is spared at first.
        seed: Of the shuffling.
        draws: How often, at least 1.

    Returns:
        `rank_correlation` and `rank_correlation_head` (all weights or only the head shuffled): Spearman
        correlation with the trained module's map, mean over draws and over the `n` frames that have one;
        null where no frame has, with the reason in `undefined`.
    """
    trained, found = maps(), {}
    for name, spare in (("rank_correlation_head", tower), ("rank_correlation", None)):
        values = []
        for draw in range(draws):
            shuffle_weights(module, seed=seed + draw, spare=spare)
            values.append(rank_correlations(trained, maps()))
        found[name] = np.mean(values, axis=0)  # NaN where one of the draws is
    return {
        **summarise(found["rank_correlation"]),
        "rank_correlation_head": _mean(found["rank_correlation_head"]),
    }


def compare_maps(maps: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """How alike the maps of each two detectors are.

    Args:
        maps: (n, g, g) of each detector, of the same frames.

    Returns:
        Of each two, in the order given: `detectors`, and as `summarise`. Left out where the grids differ.
    """
    return [
        {"detectors": [a, b], **summarise(rank_correlations(maps[a], maps[b]))}
        for a, b in combinations(maps, 2)
        if maps[a].shape == maps[b].shape
    ]


def summarise(correlations: np.ndarray) -> dict[str, Any]:
    """Mean of rank correlations (NaN where undefined) and how many it is over, ready for JSON."""
    n = int(np.isfinite(correlations).sum())
    found = {"rank_correlation": _mean(correlations), "n": n}
    return found if n else {**found, "undefined": "no frame has a map with variation: there are no ranks"}


def _mean(values: np.ndarray) -> float | None:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else None


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of map i of `first` with map i of `second`.

    Args:
        first: (n, g, g).
        second: (n, g, g).

    Returns:
        float64 (n,) in [-1, 1]; equal values share their mean rank; NaN where a map is constant.
    """
    a, b = (rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (first, second))
    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (a, b))
    norms = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), norms, out=np.full(len(a), np.nan), where=norms > 0)


@torch.no_grad()
def shuffle_weights(module: torch.nn.Module, *, seed: int, spare: torch.nn.Module | None = None) -> None:
    """Permute the entries of every parameter in place: what was learnt is lost, their distribution stays.

    Args:
        module: Whose parameters.
        seed: Of the permutations; drawn on the CPU, so that they are the same on every device.
        spare: A part of `module` to leave as it is.
    """
    spared = {id(parameter) for parameter in spare.parameters()} if spare is not None else set()
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        if id(parameter) not in spared:
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))


def _maps(module: torch.nn.Module, tower: "PreTrainedModel", pixels: torch.Tensor, grid: int) -> np.ndarray:
    with torch.enable_grad(), _recorded_attention(tower) as attentions:
        # The weights are frozen: the pixels' own gradient keeps the graph alive.
        log_odds = module(pixels.detach().clone().requires_grad_(True))
        gradients = torch.autograd.grad(log_odds.sum(), attentions)
    prefix = family_of(tower).prefix(tower)
    relevance = roll_out([a.detach() for a in attentions], gradients)[:, 0, prefix:]
    if relevance.shape[1] != grid**2:
        raise InputError(
            f"relevance: {relevance.shape[1]} patch tokens are no grid of {grid} x {grid};"
            " only towers with one class token and square frames can be explained"
        )
    return relevance.reshape(-1, grid, grid).cpu().numpy()


@contextmanager
def _recorded_attention(tower: "PreTrainedModel") -> Iterator[list[torch.Tensor]]:
    """Collect every layer's attention weights during a run, first layer first.

    Only transformers' eager attention makes the weights; it is chosen for the time being.
    """
    found: list[torch.Tensor] = []
    layers = [attention for _, attention in family_of(tower).attentions(tower)]
    before = tower.config._attn_implementation
    tower.set_attn_implementation("eager")
    hooks = [layer.register_forward_hook(lambda _, __, out: found.append(out[1])) for layer in layers]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
        tower.set_attn_implementation(before)
