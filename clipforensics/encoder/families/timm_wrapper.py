"""Plain vision transformers of timm, so Perception Encoder, as transformers' `TimmWrapperModel` loads them.

Wightman, PyTorch Image Models, doi:10.5281/zenodo.4414861; Bolya et al. 2025, "Perception Encoder: The best
visual embeddings are not at the output of the network", arXiv 2504.13181. timm and torchvision, which timm
imports, are installed by the extra `timm`. A config.json of timm says which architecture, not its numbers:
these are counted on a tower without weights.
"""

import copy
import functools
import importlib.util
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder.families.base import Embedding, Family, Role
from clipforensics.encoder.families.shape import Part, Shape

NEEDED = ("timm", "torchvision")

APART: Mapping[Role, str] = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "output": "proj"}
"""Names in architectures whose query, key and value are layers of their own."""


class TimmWrapper(Family):
    """timm's `VisionTransformer` and `Eva`, the two that are one row of blocks on class token and patches."""

    name = "vision transformer of timm"
    model_types = ("timm_wrapper",)
    embeddings: ClassVar[Mapping[Embedding, str]] = {
        "pooled": "the tokens pooled as the architecture does: its class token, their mean, or by attention",
        "mean": "the mean of the patches' tokens after the last normalisation",
    }
    processor = "ViTImageProcessorPil"
    blocks_at = "timm_model.blocks"
    attention_at = "attn"
    projections: ClassVar[Mapping[Role, str]] = {
        "query": "qkv",
        "key": "qkv",
        "value": "qkv",
        "output": "proj",
    }
    after: ClassVar[Mapping[Embedding, tuple[str, ...]]] = {
        "pooled": ("timm_model.norm", "timm_model.fc_norm", "timm_model.attn_pool"),
        "mean": ("timm_model.norm",),
    }
    call: ClassVar[Mapping[Embedding, str]] = {
        "pooled": "tower(pixel_values={}).pooler_output",
        "mean": "tower(pixel_values={}).last_hidden_state[:, tower.timm_model.num_prefix_tokens :]"
        ".mean(dim=1)",
    }

    def tower_class(self) -> type[Any]:
        """transformers' wrapper, without a classifier.

        Raises:
            InputError: timm or torchvision is not installed.
        """
        check_installed()
        from transformers import TimmWrapperModel

        return TimmWrapperModel

    def tower_config(self, content: Mapping[str, Any]) -> Any:
        """As it stands.

        Raises:
            InputError: timm or torchvision is not installed.
        """
        check_installed()
        from transformers import TimmWrapperConfig

        return TimmWrapperConfig.from_dict({"num_classes": 0, **copy.deepcopy(dict(content))})

    def shape(self, content: Mapping[str, Any]) -> Shape:
        """Counted on a tower without weights.

        Raises:
            InputError: it is no plain vision transformer, or timm is not installed.
        """
        config = self.tower_config(content)
        return _counted(str(config.architecture), json.dumps(config.model_args or {}, sort_keys=True))

    def prepare(self, tower: Any) -> None:
        """Refuse what is no row of blocks.

        Raises:
            InputError: it is not.
        """
        check_plain(tower.timm_model)

    def embed(self, tower: Any, pixels: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Pooled as the architecture does, or the mean of the patches."""
        out = tower(pixel_values=pixels)
        if embedding == "pooled":
            return out.pooler_output
        return out.last_hidden_state[:, self.prefix(tower) :].mean(dim=1)

    def enter(self, tower: Any, pixels: torch.Tensor) -> torch.Tensor:
        """Class token, registers and patches."""
        model = tower.timm_model
        placed = model._pos_embed(model.patch_embed(pixels))
        return model.norm_pre(placed[0] if isinstance(placed, tuple) else placed)

    def block_options(self, tower: Any, hidden: torch.Tensor) -> dict[str, Any]:
        """The places that are turned into queries and keys, where the architecture has them (RoPE)."""
        model = tower.timm_model
        if getattr(model, "rope", None) is None:
            return {}
        grid = round((hidden.shape[1] - self.prefix(tower)) ** 0.5)
        fixed = not model.dynamic_img_size and hasattr(model.rope, "feat_shape")
        return {"rope": model.rope.get_embed(**({} if fixed else {"shape": (grid, grid)}))}

    def leave(self, tower: Any, hidden: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Normalised, and pooled or averaged."""
        normed = tower.timm_model.norm(hidden)
        if embedding == "pooled":
            return tower.timm_model.forward_head(normed)
        return normed[:, self.prefix(tower) :].mean(dim=1)

    def prefix(self, tower: Any) -> int:
        """Class token and registers."""
        return int(tower.timm_model.num_prefix_tokens)

    def width(self, tower: Any, embedding: Embedding) -> int:
        """Of a token: none of timm's poolings changes it."""
        self.check(embedding)
        return int(tower.timm_model.num_features)

    def named(self, roles: Sequence[Role], layers: Collection[str]) -> list[str]:
        """`qkv`, or `q_proj` and so on in architectures that keep them apart."""
        apart = self.projections if "qkv" in layers else APART
        return list(dict.fromkeys(apart[role] for role in roles))

    def bypassed(self, tower: Any) -> set[str]:
        """`qkv` where its bias is a parameter of the attention (EVA)."""
        attention = self.attentions(tower)[0][1]
        return {"qkv"} if getattr(attention, "q_bias", None) is not None else set()

    def untraceable(self, embedding: Embedding) -> str:
        """timm gives no attention weights away."""
        return "towers of timm keep their attention weights to themselves; there are no maps"


def check_installed() -> None:
    """Raise InputError unless timm and what it imports are there."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"encoder.model is a tower of timm, and {' and '.join(missing)} is not installed; run"
            " `pip install 'clipforensics[timm]'`, or choose another encoder"
        )


def check_plain(model: Any) -> None:
    """Raise InputError unless a model of timm is one row of blocks on class token and patches."""
    from timm.models.eva import Eva
    from timm.models.vision_transformer import VisionTransformer

    plain = isinstance(model, (Eva, VisionTransformer)) and not getattr(model, "rope_mixed", False)
    if not plain:
        raise InputError(
            f"encoder.model is a {type(model).__name__} of timm, not one row of transformer blocks"
            " (VisionTransformer, Eva); choose another encoder"
        )


@functools.cache
def _counted(architecture: str, arguments: str) -> Shape:
    """By architecture and its arguments as JSON, which can be remembered."""
    config = FAMILY.tower_config({"architecture": architecture, "model_args": json.loads(arguments)})
    with torch.device("meta"):
        tower = FAMILY.tower_class()(config)
    check_plain(tower.timm_model)
    model, first = tower.timm_model, tower.timm_model.blocks[0]
    layers = {
        name.rsplit(".", 1)[-1]: (layer.in_features, layer.out_features)
        for name, layer in first.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }
    width, blocks = int(model.num_features), len(model.blocks)
    after: dict[str, Part] = {
        embedding: _count(tower, tuple(f"{name}." for name in modules))
        for embedding, modules in FAMILY.after.items()
    }
    outside = max(after.values(), key=lambda part: part.numbers)
    inside = _count(tower, (f"{FAMILY.blocks_at}.",))
    whole = _count(tower, ("",))
    return Shape(
        layers=blocks,
        width=width,
        image=int(model.patch_embed.img_size[0]),
        patch=int(model.patch_embed.patch_size[0]),
        channels=int(model.patch_embed.proj.in_channels),
        prefix=int(model.num_prefix_tokens),
        linear=layers,
        block=_count(tower, (f"{FAMILY.blocks_at}.0.",)),
        before=Part(
            whole.numbers - inside.numbers - outside.numbers,
            whole.biases - inside.biases - outside.biases,
            whole.norms - inside.norms - outside.norms,
        ),
        after=after,
        widths=dict.fromkeys(after, width),
    )


def _count(tower: torch.nn.Module, prefixes: tuple[str, ...]) -> Part:
    """Parameters whose names begin so."""
    normed = {
        id(parameter)
        for module in tower.modules()
        if isinstance(module, torch.nn.LayerNorm)
        for parameter in module.parameters(recurse=False)
    }
    found = [(name, p) for name, p in tower.named_parameters() if name.startswith(prefixes)]
    return Part(
        sum(p.numel() for _, p in found),
        sum(p.numel() for name, p in found if name.endswith("bias")),
        sum(p.numel() for _, p in found if id(p) in normed),
    )


FAMILY = TimmWrapper()
