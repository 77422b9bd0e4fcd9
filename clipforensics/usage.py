"""How a saved detector is run with torch, transformers and safetensors alone: lines for its model card.

Most methods need not say it: an adapter in peft's format, a whole vision tower, tensors of the tower by name
and a linear unit on the embedding are known by their files (`packages.loading`). Any other that can be
written in a few lines gives a `Usage`; for one without, the card shows how this library opens it.
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Pieces of Python; a test runs the finished card and compares scores.

    The names `torch`, `folder` (a Path), `load_file` (safetensors.torch's) and `tower` (the encoder's
    CLIPVisionModelWithProjection, in evaluation mode) are at hand.

    Attributes:
        setup: Lines that run once, after `tower` is there; they may change it.
        pixels: Expression: what the tower is shown, of `pixels` float32 (n, 3, s, s).
        log_odds: Expression (n,) of `embedding`, unit-length (n, d); empty: the unit in head.safetensors.
    """

    setup: tuple[str, ...] = ()
    pixels: str = "pixels"
    log_odds: str = ""


def described(usage: Usage | None) -> dict[str, Any]:
    """The entry `usage` of detector.json; nothing where there is none."""
    return {} if usage is None else {"usage": {**asdict(usage), "setup": list(usage.setup)}}
