"""DINOv2 with registers: DINOv2 with tokens that no patch stands behind, as transformers names it apart.

Darcet et al. 2023, "Vision Transformers Need Registers", arXiv 2309.16588.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from clipforensics.encoder.families.base import Embedding
from clipforensics.encoder.families.class_token import calls
from clipforensics.encoder.families.dinov2 import Dinov2


class Dinov2WithRegisters(Dinov2):
    """DINOv2's tower with registers, which no embedding reads."""

    name = "DINOv2 with registers"
    model_types = ("dinov2_with_registers",)
    call: ClassVar[Mapping[Embedding, str]] = calls("1 + tower.config.num_register_tokens ")

    def tower_class(self) -> type[Any]:
        """The tower without a classifier."""
        from transformers import Dinov2WithRegistersModel

        return Dinov2WithRegistersModel

    def tower_config(self, content: Mapping[str, Any]) -> Any:
        """As it stands."""
        from transformers import Dinov2WithRegistersConfig

        return Dinov2WithRegistersConfig(**content)


FAMILY = Dinov2WithRegisters()
