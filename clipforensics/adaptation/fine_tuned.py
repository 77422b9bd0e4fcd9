"""What methods share that move the encoder's own weights: the whole tower is what they save."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import save_file

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.pixel_method import PixelMethod
from clipforensics.encoder.vision import Embedding, load_vision_tower

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TOWER = "model.safetensors"


class FineTuned(PixelMethod):
    """A method whose detector is a complete vision tower, in Hugging Face's layout and in float32."""

    def save_adapter(self, model: AdaptedEncoder, folder: Path) -> None:
        """Write config.json and model.safetensors, which the tower's class reads by itself."""
        tower = model.base
        named = {**tower.config.to_dict(), "architectures": [type(tower).__name__]}
        type(tower.config).from_dict(named).save_pretrained(folder)
        weights = {name: t.detach().cpu().contiguous() for name, t in tower.state_dict().items()}
        save_file(weights, folder / TOWER, metadata={"format": "pt"})

    def load_adapter(
        self, tower: "PreTrainedModel", settings: Any, *, embedding: Embedding, folder: Path
    ) -> AdaptedEncoder:
        """Read the saved tower, which needs nothing of the original one."""
        return AdaptedEncoder(load_vision_tower(str(folder), "local"), embedding)
