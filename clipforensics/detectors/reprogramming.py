"""Reprogramming: a learned border around the frame (visual prompt, masking), encoder frozen.

Bahng, Jahanian, Sankaranarayanan and Isola 2022, "Exploring Visual Prompts for Adapting Large-Scale Models",
arXiv 2203.17274 (`pad`: a border is added to the frame's own, there 30 of 224 pixels wide), after Elsayed,
Goodfellow and Sohl-Dickstein 2018, "Adversarial Reprogramming of Neural Networks", arXiv 1806.11146
(`shrink`: a smaller picture stands in the middle of a learned one).

Departures: the answer is read by a linear head, as with every method here, not by CLIP's text tower or by
labels of another task; the border starts at 0 (Bahng et al.: standard normal), so `pad` starts as the encoder
itself; frames have the encoder's size already, so `shrink` scales them down, where Elsayed et al. had small
pictures; AdamW with the budget's schedule, which decays the border (Bahng et al.: SGD at a rate of 40, no
decay). The border is learned in the
space of normalised pixels and is not bounded, as with Bahng et al. (Elsayed et al.: by a tanh), so it may be
a picture that no camera takes.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.pixel_method import TRAINED, PixelMethod, PixelSettings
from clipforensics.adaptation.record import Usage
from clipforensics.core.faults import InputError
from clipforensics.encoder.families.finding import family_named
from clipforensics.encoder.vision import Embedding, frame_side

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Mode = Literal["pad", "shrink"]
CHANNELS = 3


class Settings(PixelSettings):
    """Section `methods.reprogramming` of params.yaml.

    Attributes:
        mode: `pad` adds the border to the outermost pixels of the frame; `shrink` scales the frame down and
            puts the border around it, so that nothing of it is covered.
        border: Width of the border in pixels, on each side.
    """

    mode: Mode
    border: int = Field(ge=1)


class Reprogramming(PixelMethod):
    """A border under the contract; nothing of the encoder moves."""

    settings = Settings

    def adapt(
        self, tower: "PreTrainedModel", settings: Settings, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """Put the frozen tower behind a border that learns; nothing is drawn.

        Raises:
            InputError: the border leaves no room for the frame.
        """
        del seed
        size = frame_side(tower)
        if 2 * settings.border >= size:
            raise InputError(
                f"methods.reprogramming.border: {settings.border} pixels on each side leave nothing of a"
                f" frame of {size}; make it less than {size / 2:g}"
            )
        border = Border(CHANNELS, size, settings.border, settings.mode)
        return ReprogrammedEncoder(tower, embedding, prompt=border)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """2 C w (H + W - 2 w), with C channels, border w, height and width H and W (Bahng et al.)."""
        vision, width = encoder["vision"], settings.border
        size = encoder.get("frame_side") or family_named(vision).shape(vision).image
        each = 2 * CHANNELS * width * (2 * size - 2 * width)
        return {"trainable": each, "head": encoder["width"] + 1}

    def usage(self, settings: Settings) -> Usage:
        """Lines for the model card: `Border` in torch alone."""
        setup = (
            f'border = load_file(folder / "{TRAINED}")',
            'names = ("up", "down", "left", "right")',
            'up, down, left, right = (border[f"prompt.{name}"] for name in names)',
            "inner, width = left.shape[1:]",
            "middle = torch.cat([left, torch.zeros(len(left), inner, inner), right], dim=2)",
            "picture = torch.cat([up, middle, down], dim=1)",
        )
        if settings.mode == "pad":
            return Usage(setup, pixels="pixels + picture")
        small = 'torch.nn.functional.interpolate(pixels, (inner, inner), mode="bilinear", antialias=True)'
        place = f"torch.nn.functional.pad({small}, [width] * 4)"
        return Usage((*setup, f"place = lambda pixels: {place}"), pixels="place(pixels) + picture")


class Border(torch.nn.Module):
    """Puts a border on pixels (n, c, s, s); keeps their shape.

    Attributes:
        size: s.
        width: Of the border, w.
        mode: As in `Settings`.
        up: (c, w, s), and `down`.
        left: (c, s - 2 w, w), and `right`.
    """

    def __init__(self, channels: int, size: int, width: int, mode: Mode) -> None:
        super().__init__()
        self.size, self.width, self.mode = size, width, mode
        self.inner = size - 2 * width
        self.up, self.down = (torch.nn.Parameter(torch.zeros(channels, width, size)) for _ in range(2))
        self.left, self.right = (
            torch.nn.Parameter(torch.zeros(channels, self.inner, width)) for _ in range(2)
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised pixels -> what the encoder is shown."""
        return self.place(pixels) + self.picture()

    def place(self, pixels: torch.Tensor) -> torch.Tensor:
        """The frame alone: as it is, or scaled down (bilinear, antialiased) with 0 around it."""
        if self.mode == "pad":
            return pixels
        small = torch.nn.functional.interpolate(
            pixels, size=(self.inner, self.inner), mode="bilinear", antialias=True, align_corners=False
        )
        return torch.nn.functional.pad(small, (self.width,) * 4)

    def picture(self) -> torch.Tensor:
        """The border (c, s, s), 0 inside."""
        middle = self.left.new_zeros(len(self.left), self.inner, self.inner)
        return torch.cat([self.up, torch.cat([self.left, middle, self.right], dim=2), self.down], dim=1)


class ReprogrammedEncoder(AdaptedEncoder):
    """An encoder behind a border; knows where on the frame a place of the bordered picture lies."""

    def onto_frame(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps (n, g, g) of what the encoder was shown -> maps (n, g, g) of the frame.

        With `shrink` the border falls away and the frame's part is stretched: each of the new values is the
        mean of the old ones that it covers, weighted by area.
        """
        border = cast(Border, self.prompt)
        if border.mode == "pad":
            return maps
        cover = stretch(maps.shape[-1], border.width / border.size)
        return np.einsum("ai,nij,bj->nab", cover, maps, cover, optimize=True).astype(np.float32)


def stretch(n: int, margin: float) -> NDArray[np.float64]:
    """Matrix (n, n) that stretches the middle of a row of n cells over all of them.

    Args:
        n: Cells of equal length.
        margin: Part of the whole length that falls away on either side, in [0, .5).

    Returns:
        Weight of each old cell (column) in each new one (row); rows sum to 1.
    """
    old = np.arange(n + 1) / n
    new = margin + (1 - 2 * margin) * old
    overlap = np.minimum(new[1:, None], old[None, 1:]) - np.maximum(new[:-1, None], old[None, :-1])
    return overlap.clip(min=0) * n / (1 - 2 * margin)


DETECTOR = Reprogramming()
