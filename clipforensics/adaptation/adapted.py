"""An encoder of which something moves, with a linear head: pixels in, log odds out.

The tower can be entered above its lowest blocks, so that what lies below the first block that moves is
computed once a frame and not once an epoch.
"""

import re
from typing import TYPE_CHECKING, cast

import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder.families.base import Family
from clipforensics.encoder.families.finding import family_of
from clipforensics.encoder.vision import Embedding, embed_pixels, embedding_width
from clipforensics.training.trainer import LogOdds

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


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
        tower: "PreTrainedModel | PeftModel",
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
    def base(self) -> "PreTrainedModel":
        """The tower as transformers knows it."""
        inside = getattr(self.tower, "get_base_model", None)  # peft's; to ask for its class would load peft
        return cast("PreTrainedModel", self.tower if inside is None else inside())

    @property
    def family(self) -> Family:
        """Of the tower."""
        return family_of(self.base)

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
        block = re.compile(rf"(?:^|\.){re.escape(self.family.blocks_at)}\.(\d+)\.")
        names = {name for modules in self.family.after.values() for name in modules}
        above = re.compile(rf"(?:^|\.)(?:{'|'.join(map(re.escape, sorted(names)))})\.|^head\.")
        inside = [int(m.group(1)) for name in moved if (m := block.search(name))]
        if any(not block.search(name) and not above.search(name) for name in moved):
            return 0
        return min(inside, default=len(self.family.blocks(self.base)))

    @torch.no_grad()
    def below(self, pixels: torch.Tensor, n_blocks: int) -> torch.Tensor:
        """Activations (n, tokens, width) after the first `n_blocks` blocks."""
        hidden = self.family.enter(self.base, self._shown(pixels))
        options = self.family.block_options(self.base, hidden)
        for block in self.family.blocks(self.base)[:n_blocks]:
            hidden = block(hidden, **options)
        return hidden

    def enter_at(self, n_blocks: int) -> None:
        """From now on `forward` may be given activations after so many blocks."""
        self._entry = n_blocks

    def _shown(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels if self.prompt is None else cast(torch.Tensor, self.prompt(pixels))

    def _above(self, hidden: torch.Tensor) -> torch.Tensor:
        """Embeddings (n, d) of activations (n, tokens, width) after the first `entry` blocks."""
        family = self.family
        blocks = family.blocks(self.base)[self._entry :]
        options = family.block_options(self.base, hidden)
        for block in blocks[:-1]:
            hidden = block(hidden, **options)
        for block in blocks[-1:]:
            hidden = family.last_block(block, hidden, options, self.embedding)
        return family.leave(self.base, hidden, self.embedding)


def blocks_below(tower: "PreTrainedModel", last: int, parameter: str) -> int:
    """How many blocks lie below the last `last`.

    Raises:
        InputError: there are not so many; names the parameter.
    """
    n_blocks = len(family_of(tower).blocks(tower))
    if last > n_blocks:
        raise InputError(f"{parameter}: {last} is more than the encoder's {n_blocks} blocks; lower it")
    return n_blocks - last
