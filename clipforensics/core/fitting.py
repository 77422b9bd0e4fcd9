"""How a picture of any shape becomes a square frame: what a frame store holds, and what an encoder wants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Resample = Literal["bilinear", "bicubic"]


@dataclass(frozen=True)
class Fitting:
    """Resize, then cut out the central square.

    Attributes:
        size: Side of the frame in pixels.
        resample: The filter, as Pillow has it (with antialiasing).
        squash: Whether both sides are resized to `edge`, whatever the shape; else the shorter one is, and
            the longer one keeps its ratio.
        edge: What is resized to before the crop, in pixels; 0 stands for `size`, with which nothing of a
            square picture is cut off.
    """

    size: int
    resample: Resample = "bicubic"
    squash: bool = False
    edge: int = 0

    def __post_init__(self) -> None:
        """Two fittings that do the same are equal."""
        object.__setattr__(self, "edge", self.edge or self.size)

    @classmethod
    def of_store(cls, meta: Mapping[str, Any]) -> "Fitting":
        """The fitting of a frame store, by its meta.json.

        Raises:
            KeyError: meta.json does not say.
            ValueError: it says what there is not.
        """
        if meta["resample"] not in ("bilinear", "bicubic") or meta["crop"] not in ("center", "squash"):
            raise ValueError(f"resample {meta['resample']!r}, crop {meta['crop']!r} are unknown")
        return cls(int(meta["size"]), meta["resample"], meta["crop"] == "squash", int(meta.get("edge", 0)))

    def as_meta(self) -> dict[str, Any]:
        """What meta.json says of it; `edge` only where it is not `size`."""
        edge = {"edge": self.edge} if self.edge != self.size else {}
        crop = "squash" if self.squash else "center"
        return {"size": self.size, "resample": self.resample, "crop": crop, **edge}

    def as_settings(self) -> str:
        """The lines of `extract_frames` in params.yaml that make it."""
        edge = self.edge if self.edge != self.size else 0
        return (
            f"extract_frames.frame_size to {self.size}, resample to {self.resample}, squash to"
            f" {str(self.squash).lower()} and resize_edge to {edge}"
        )

    def in_words(self) -> str:
        """What is done, for people."""
        what = "both sides" if self.squash else "shorter side"
        cut = "" if self.squash and self.edge == self.size else ", then the central square"
        if self.edge != self.size:
            cut += f" of {self.size}"
        return f"{what} to {self.edge}, {self.resample}{cut}"
