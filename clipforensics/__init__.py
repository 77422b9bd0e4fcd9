"""Does an adapted CLIP generalise to face forgeries that training never saw, and can we believe it?"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clipforensics.scoring.detector import Detector

__all__ = ["Detector"]


def __getattr__(name: str) -> object:
    """`from clipforensics import Detector` loads torch; `import clipforensics` loads nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from clipforensics.scoring.detector import Detector

    return Detector
