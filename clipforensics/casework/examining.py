"""One video looked at to be shown: its verdict, its most telling frames, and what its file says of itself."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clipforensics.casework.moments import Moment, telling_moments
from clipforensics.footage.container import Container, read_container
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import holds_pictures
from clipforensics.scoring.detector import Detector
from clipforensics.scoring.judging import Case, judge
from clipforensics.scoring.results import Verdict


@dataclass(frozen=True, eq=False)
class Examination:
    """One video.

    Attributes:
        name: The file's own name, without the folders above it.
        path: Where it lies.
        case: What was found in it, and its scores.
        verdict: What is said of it; it names the video by its name alone.
        container: What the file says of itself; None for pictures.
        moments: Its most telling frames, person by person, the highest score first.
        untraced: Why there are no heatmaps; empty where there are.
    """

    name: str
    path: Path
    case: Case
    verdict: Verdict
    container: Container | None
    moments: tuple[Moment, ...]
    untraced: str

    def seconds(self, frame: int) -> float | None:
        """When a frame is shown, by its time stamp, else by the frame rate; None where neither is known."""
        if self.container is not None and frame < len(self.container.times):
            return self.container.times[frame]
        rate = self.case.exhibit.frame_rate
        return frame / rate if rate else None


def examine(detector: Detector, path: Path, *, prior: float | None) -> Examination:
    """Look at a video, score it, and find what is worth showing of it.

    Args:
        detector: By which it is judged.
        path: A video, a picture, or a folder of numbered pictures, which is one video.
        prior: Share of manipulated videos among those in question; None: validation's.

    Raises:
        UnreadableVideo: it cannot be read or decoded; the message is the reason.
    """
    name = name_of(path)
    try:
        case = detector.examine(path)
        case = replace(case, exhibit=replace(case.exhibit, path=name))
        verdict = judge(case, detector.drawn, detector.validated, prior=prior)
        container = None if holds_pictures(path) else read_container(path)
        moments, untraced = telling_moments(detector, path, case)
    except (OSError, MemoryError) as error:
        reason: Any = getattr(error, "strerror", None) or type(error).__name__
        raise UnreadableVideo(f"cannot be read: {reason}") from error
    return Examination(name, path, case, verdict, container, moments, untraced)


def name_of(path: Path) -> str:
    """The last part of a path, which for `.` and `..` is that of the folder that they mean."""
    return path.name if path.name not in ("", "..") else path.resolve().name
