"""An encoder of which something moves, with a linear head: pixels in, log odds out.

The tower can be entered above its lowest blocks, so that what lies below the first block that moves is
computed once a frame and not once an epoch.
"""

import re
from typing import TYPE_CHECKING, cast

import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder.vision import Embedding, embed_pixels, embedding_width
from clipforensics.training.trainer import LogOdds

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import CLIPVisionModelWithProjection
    from transformers.models.clip.modeling_clip import CLIPEncoderLayer

BLOCK = re.compile(r"(?:^|\.)encoder\.layers\.(\d+)\.")
ABOVE = re.compile(r"(?:^|\.)(post_layernorm|visual_projection)\.|^head\.")


class AdaptedEncoder(LogOdds):
    """Vision tower, and one linear unit on its embedding: pixels -> log odds.

    The head reads the embedding scaled to length sqrt(d), so that its entries are of order 1
    whatever the encoder: log odds = w . (sqrt(d) e / |e|) + b.

    Attributes:
        tower: The encoder, plain or with peft's adapters around it.
        head: Linear (d -> 1), starts at zero: the untrained detector scores .5 everywhere.
        prompt: What is done to pixels before the tower sees them, if anything.
    """

    def __init__(
        self,
        tower: "CLIPVisionModelWithProjection | PeftModel",
        embedding: Embedding,
        *,
        prompt: torch.nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.tower, self.embedding, self.prompt = tower, embedding, prompt
        self._entry = 0
        self.head = torch.nn.Linear(embedding_width(self.base, embedding), 1)
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    @property
    def base(self) -> "CLIPVisionModelWithProjection":
        """The tower as transformers knows it."""
        inside = getattr(self.tower, "get_base_model", None)  # peft's; to ask for its class would load peft
        return cast("CLIPVisionModelWithProjection", self.tower if inside is None else inside())

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.head.weight.device

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Pixels float32 (n, 3, s, s), or activations (n, tokens, width) below `entry` -> log odds (n,)."""
        return self.judge(self.embed(inputs))

    def embed(self, inputs: torch.Tensor) -> torch.Tensor:
        """Unit-length embeddings (n, d) of what `forward` takes."""
        if inputs.ndim == 4:
            features = embed_pixels(self.base, self._shown(inputs), self.embedding)
        else:
            features = self._above(inputs)
        return torch.nn.functional.normalize(features, dim=-1)

    def judge(self, features: torch.Tensor) -> torch.Tensor:
        """Log odds (n,) of unit-length embeddings (n, d)."""
        return cast(torch.Tensor, self.head(features * features.shape[-1] ** 0.5).squeeze(-1))

    def entry(self) -> int:
        """How many blocks lie below everything that moves; 0 if something before the blocks does.

        `below` computes these and `forward` goes on from there.
        """
        moved = [name for name, p in self.named_parameters() if p.requires_grad]
        inside = [int(m.group(1)) for name in moved if (m := BLOCK.search(name))]
        if any(not BLOCK.search(name) and not ABOVE.search(name) for name in moved):
            return 0
        return min(inside, default=len(self.base.vision_model.encoder.layers))

    @torch.no_grad()
    def below(self, pixels: torch.Tensor, n_blocks: int) -> torch.Tensor:
        """Activations (n, tokens, width) after the first `n_blocks` blocks."""
        vision = self.base.vision_model
        hidden = vision.pre_layrnorm(vision.embeddings(self._shown(pixels)))
        for block in vision.encoder.layers[:n_blocks]:
            hidden = block(hidden, None)
        return hidden

    def enter_at(self, n_blocks: int) -> None:
        """From now on `forward` may be given activations after so many blocks."""
        self._entry = n_blocks

    def _shown(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels if self.prompt is None else cast(torch.Tensor, self.prompt(pixels))

    def _above(self, hidden: torch.Tensor) -> torch.Tensor:
        """Embeddings (n, d) of activations (n, tokens, width) after the first `entry` blocks."""
        vision = self.base.vision_model
        blocks = vision.encoder.layers[self._entry :]
        for block in blocks[:-1]:
            hidden = block(hidden, None)
        for block in blocks[-1:]:
            hidden = block(hidden, None) if _drops_out(block) else class_token_after(block, hidden)
        pooled = vision.post_layernorm(hidden[:, 0, :])
        return self.base.visual_projection(pooled) if self.embedding == "projected" else pooled


def class_token_after(block: "CLIPEncoderLayer", hidden: torch.Tensor) -> torch.Tensor:
    """The class token (n, 1, width) after a block, of activations (n, tokens, width) before it.

    After the last block nothing but the class token is read. It needs the keys and values of all tokens, but
    only its own query and its own way through the output projection and the MLP: an eighth of the block's
    matrix products with 50 tokens, and the same number that the whole block would give it, up to the order in
    which a matrix product adds.

    Args:
        block: In evaluation mode, or without dropout: what is dropped would be drawn for other tokens.
        hidden: Of the block before.
    """
    attention, normed = block.self_attn, block.layer_norm1(hidden)
    heads = (len(hidden), -1, attention.num_heads, attention.head_dim)
    query, keys, values = (
        project(tokens).view(heads).transpose(1, 2)
        for project, tokens in (
            (attention.q_proj, normed[:, :1]),
            (attention.k_proj, normed),
            (attention.v_proj, normed),
        )
    )
    mixed = torch.nn.functional.scaled_dot_product_attention(query, keys, values, scale=attention.scale)
    first = hidden[:, :1] + attention.out_proj(mixed.transpose(1, 2).flatten(2))
    return cast(torch.Tensor, first + block.mlp(block.layer_norm2(first)))


def blocks_below(tower: "CLIPVisionModelWithProjection", last: int, parameter: str) -> int:
    """How many blocks lie below the last `last`.

    Raises:
        InputError: there are not so many; names the parameter.
    """
    n_blocks = len(tower.vision_model.encoder.layers)
    if last > n_blocks:
        raise InputError(f"{parameter}: {last} is more than the encoder's {n_blocks} blocks; lower it")
    return n_blocks - last


def _drops_out(block: "CLIPEncoderLayer") -> bool:
    """Whether a forward pass through the block draws random numbers."""
    layers = (m for m in block.modules() if isinstance(m, torch.nn.Dropout))
    return block.training and (bool(block.self_attn.dropout) or any(layer.p > 0 for layer in layers))
