"""What a family of vision transformers says of itself, so that every method works on it.

A family is one module of this folder: its `FAMILY` is found by `model_type` of an encoder's config.json. A
tower is a model of transformers without text tower or classifier; `Any` stands for it, since each family has
a class of its own. A module of this folder is imported with the library, so none loads transformers at its
top.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder.families.shape import Shape

Embedding = Literal["projected", "pooled", "mean", "class_mean"]
"""projected: the space that pictures share with texts. pooled: the tower's own one vector of a picture.
mean: the mean of the patches' tokens. class_mean: the class token and that mean side by side."""

Role = Literal["query", "key", "value", "output"]


class Family(ABC):
    """One kind of tower.

    Attributes:
        name: For people.
        model_types: In config.json, of a whole checkpoint or of the tower alone; the last is the tower's.
        embeddings: What `encoder.embedding` may be, and what each is.
        processor: Class of transformers that prepares pictures with Pillow as this family's checkpoints say.
        load_options: What `from_pretrained` is told beside.
        blocks_at: Where the list of blocks is in a tower.
        attention_at: Where a block has its attention.
        projections: Name of the linear layer of each role in the attention; one layer may have several.
        after: Modules between the last block and each embedding.
        idle: Parameters that no embedding passes.
        call: Python by which a tower makes each embedding of `{}`, as model cards show it.
    """

    name: ClassVar[str]
    model_types: ClassVar[tuple[str, ...]]
    embeddings: ClassVar[Mapping[Embedding, str]]
    processor: ClassVar[str]
    load_options: ClassVar[Mapping[str, Any]] = {}
    blocks_at: ClassVar[str]
    attention_at: ClassVar[str]
    projections: ClassVar[Mapping[Role, str]]
    after: ClassVar[Mapping[Embedding, tuple[str, ...]]]
    idle: ClassVar[tuple[str, ...]] = ()
    call: ClassVar[Mapping[Embedding, str]]

    @abstractmethod
    def tower_class(self) -> type[Any]:
        """The class that transformers loads; the vision tower alone."""

    @abstractmethod
    def tower_config(self, content: Mapping[str, Any]) -> Any:
        """The tower's config, of config.json of a whole checkpoint or of the tower alone."""

    @abstractmethod
    def shape(self, content: Mapping[str, Any]) -> Shape:
        """What a tower with this config consists of."""

    @abstractmethod
    def embed(self, tower: Any, pixels: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Pixels (n, 3, s, s) -> embeddings (n, d), by the tower's own forward."""

    @abstractmethod
    def enter(self, tower: Any, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels (n, 3, s, s) -> what the first block is given, (n, tokens, width)."""

    @abstractmethod
    def leave(self, tower: Any, hidden: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """What the last block gives, (n, tokens, width), -> embeddings (n, d)."""

    @abstractmethod
    def prefix(self, tower: Any) -> int:
        """Tokens before those of the patches."""

    def block_options(self, tower: Any, hidden: torch.Tensor) -> dict[str, Any]:
        """What every block is given beside its tokens (n, tokens, width), by name."""
        return {}

    def last_block(
        self, block: Any, hidden: torch.Tensor, options: Mapping[str, Any], embedding: Embedding
    ) -> torch.Tensor:
        """The last block, of which a family may compute no more than `leave` reads."""
        return block(hidden, **options)

    def prepare(self, tower: Any) -> None:  # noqa: B027  # most have nothing to set
        """Set on a tower that was loaded what its config leaves as no method wants it."""

    def width(self, tower: Any, embedding: Embedding) -> int:
        """Length d of one embedding."""
        return self.shape(tower.config.to_dict()).widths[self.check(embedding)]

    def blocks(self, tower: Any) -> Any:
        """The list of blocks, first to last."""
        return tower.get_submodule(self.blocks_at)

    def attentions(self, tower: Any) -> list[tuple[str, Any]]:
        """Name and module of every block's attention, first to last."""
        names = (f"{self.blocks_at}.{i}.{self.attention_at}" for i in range(len(self.blocks(tower))))
        return [(name, tower.get_submodule(name)) for name in names]

    def named(self, roles: Sequence[Role], layers: Collection[str]) -> list[str]:
        """Names of the attention's linear layers that have these roles; one that has several stands once.

        Args:
            roles: Which.
            layers: Names of the linear layers that a block of the tower has.
        """
        return list(dict.fromkeys(self.projections[role] for role in roles))

    def bypassed(self, tower: Any) -> set[str]:
        """Names of linear layers of which the tower takes the weight without calling them."""
        return set()

    def passed(self, name: str, embedding: Embedding) -> bool:
        """Whether an embedding depends on the parameter or module of this name."""
        others = {module for modules in self.after.values() for module in modules}
        away = (*(others - set(self.after[embedding])), *self.idle)
        return not any(name == module or name.startswith(f"{module}.") for module in away)

    def norms(self, tower: Any, embedding: Embedding) -> list[str]:
        """Full names of the layer normalisations that an embedding passes, in the order of the tower."""
        return [
            name
            for name, module in tower.named_modules()
            if isinstance(module, torch.nn.LayerNorm) and self.passed(name, embedding)
        ]

    def untraceable(self, embedding: Embedding) -> str:
        """Why relevance cannot be traced from an embedding back to patches; empty where it can."""
        return ""

    def check(self, embedding: Embedding) -> Embedding:
        """The embedding itself.

        Raises:
            InputError: the family has none of that name.
        """
        if embedding in self.embeddings:
            return embedding
        known = ", ".join(self.embeddings)
        raise InputError(
            f"encoder.embedding: {embedding!r} is no embedding of a {self.name}, which has {known};"
            f" set encoder.embedding to {'one of them' if len(self.embeddings) > 1 else known}"
        )


def no_class_token(embedding: Embedding) -> str:
    """Why relevance is not traced from an embedding that is no class token."""
    return (
        f"the embedding {embedding!r} is not read from a class token, from which relevance is traced; there"
        " are no maps"
    )
