"""What methods share that move the encoder's own weights: the whole tower is what they save."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import save_file

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.pixel_method import PixelMethod
from clipforensics.encoder.vision import Embedding, load_vision_tower

if TYPE_CHECKING:
    from transformers import CLIPVisionModelWithProjection

TOWER = "model.safetensors"


class FineTuned(PixelMethod):
    """A method whose detector is a complete vision tower, in Hugging Face's layout and in float32."""

    def save_adapter(self, model: AdaptedEncoder, folder: Path) -> None:
        """Write config.json and model.safetensors, which `CLIPVisionModelWithProjection` reads by itself."""
        tower = model.base
        named = {**tower.config.to_dict(), "architectures": [type(tower).__name__]}
        type(tower.config).from_dict(named).save_pretrained(folder)
        weights = {name: t.detach().cpu().contiguous() for name, t in tower.state_dict().items()}
        save_file(weights, folder / TOWER, metadata={"format": "pt"})

    def load_adapter(
        self, tower: "CLIPVisionModelWithProjection", settings: Any, *, embedding: Embedding, folder: Path
    ) -> AdaptedEncoder:
        """Read the saved tower, which needs nothing of the original one."""
        return AdaptedEncoder(load_vision_tower(str(folder), "local"), embedding)


def block_parameters(vision: Mapping[str, Any]) -> int:
    """Parameters of one block, by the fields of the vision tower's config."""
    width, inner = vision["hidden_size"], vision["intermediate_size"]
    attention, mlp, norms = 4 * width * (width + 1), 2 * width * inner + width + inner, 4 * width
    return int(attention + mlp + norms)


def parameters_after(encoder: Mapping[str, Any]) -> int:
    """Parameters between the last block and the embedding; the projection only if it is passed."""
    vision = encoder["vision"]
    width = vision["hidden_size"]
    projection = width * vision["projection_dim"] if encoder["embedding"] == "projected" else 0
    return int(2 * width + projection)
