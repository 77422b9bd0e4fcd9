"""`Detector`: a packaged detector, ready to be asked about videos, pictures or arrays of frames."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from clipforensics.adaptation.frozen import FrozenEncoder
from clipforensics.adaptation.record import RECORD
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.encoder import vision
from clipforensics.encoder.families.finding import family_of
from clipforensics.faces.weights import find_weights
from clipforensics.faces.yunet import Yunet
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import holds_pictures, n_bytes, probe_pictures, resize_and_crop
from clipforensics.footage.probing import digest
from clipforensics.footage.video import Footage, probe_video
from clipforensics.likelihood.likeness import video_embedding
from clipforensics.publishing.files import FRAMES, LIKENESS
from clipforensics.publishing.inspecting import inspect
from clipforensics.publishing.opening import Package, open_package
from clipforensics.publishing.validation import looked_at
from clipforensics.scoring.drawn import Drawn, read_drawn
from clipforensics.scoring.judging import Case, judge
from clipforensics.scoring.looking import Seen, look
from clipforensics.scoring.places import Place, find_package
from clipforensics.scoring.results import Exhibit, Verdict
from clipforensics.scoring.validated import Validated, read_validated

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class Detector:
    """A packaged detector with its preprocessing and what its validation showed; safe for several threads.

    >>> from clipforensics import Detector
    >>> detector = Detector.from_pretrained("models/lora/grouped/FaceSwap-42")
    >>> verdict = detector.score("clip.mp4")
    >>> print(verdict.opinion, "for", verdict.reason)
    no opinion for validation is ranked the wrong way round: AUC 0.333 [0.100, 0.480]
    >>> [round(frame.seconds, 2) for frame in verdict.frames]
    [0.12, 0.44, 0.72, 1.04]
    >>> detector.score_frames(np.zeros((2, 64, 48, 3), np.uint8)).shape
    (2,)

    Attributes:
        place: Where the package lies, and the commit if it came from the hub.
        drawn: How frames are drawn from a video.
        validated: What validation showed.
        package: The module and its preprocessing.
    """

    def __init__(
        self, place: Place, package: Package, drawn: Drawn, validated: Validated, weights: Path | None
    ) -> None:
        """Use `from_pretrained`."""
        self.place, self.package, self.drawn, self.validated = place, package, drawn, validated
        self._weights = weights
        self._of_thread = threading.local()
        self._forward = threading.Lock()  # an explanation hooks into the module while it runs
        self._embed = self._embedder()

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        *,
        revision: str | None = None,
        encoder: str | Path | None = None,
        face_detector: str | Path | None = None,
        fetch: bool = False,
    ) -> "Detector":
        """Open a package, on the device that CLIPFORENSICS_DEVICE names, else a GPU, else the CPU.

        Args:
            name: A folder, an id of the Hugging Face hub, or `dvc:NAME`, an artifact of the project around
                the working folder (`places.find_package`).
            revision: Commit, branch or tag on the hub; of an artifact, its version.
            encoder: Folder of the encoder, where the package neither holds it nor names one on the hub.
            face_detector: File of the face detector, where the package neither holds it nor names one there.
            fetch: Whether what a package names on the hub may be fetched from there; else it must be in the
                local cache.

        Raises:
            InputError: it cannot be found, is no package, or is damaged.
        """
        place = find_package(str(name), revision)
        return cls.from_place(place, encoder=encoder, face_detector=face_detector, fetch=fetch)

    @classmethod
    def from_place(
        cls,
        place: Place,
        *,
        encoder: str | Path | None = None,
        face_detector: str | Path | None = None,
        fetch: bool = False,
    ) -> "Detector":
        """Open a package that was found; else as `from_pretrained`."""
        inspect(place.folder)
        drawn, validated = read_drawn(place.folder), read_validated(place.folder)
        around = drawn.around
        if around is None and validated.footage["face_size"]:
            raise InputError(f"{place.folder / FRAMES} names no faces, and training saw them; copy it again")
        if around is not None and face_detector is not None:
            around = around.model_copy(update={"weights": str(face_detector)})
        weights = None if around is None else find_weights(around, fetch=fetch)
        elsewhere = None if encoder is None else Path(encoder)
        package = open_package(place.folder, encoder=elsewhere, fetch=fetch)
        return cls(place, package, drawn, validated, weights)

    def score(self, video: str | Path, *, prior: float | None = None) -> Verdict:
        """Everything that is said of one video; the score is that of `dvc repro` for the same file.

        Args:
            video: A video, a picture, or a folder of numbered pictures, which is one video.
            prior: Share of manipulated videos among those in question, for the probability; None: that of
                validation.

        Raises:
            UnreadableVideo: it cannot be read or decoded; the message is the reason.
        """
        return judge(self.examine(video), self.drawn, self.validated, prior=prior)

    def examine(self, video: str | Path) -> Case:
        """The same before it is judged: with the faces and what was cut out around them."""
        path = Path(video)
        footage = _probed(path)
        seen = look(path, footage, self.drawn, self._faces(), self.package.preprocessing.fitting)
        scores = self.score_fitted(seen.pictures)
        return Case(_exhibit(path, str(video), footage), seen, scores, self._unlike(seen))

    def score_frames(self, frames: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Scores of frames that are cut as the detector's training cut them (`drawn`).

        Args:
            frames: uint8 (n, height, width, 3), RGB, of any size.

        Returns:
            float64 (n,) in [0, 1]; higher means manipulated.

        Raises:
            ValueError: another dtype or shape.
        """
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
            raise ValueError(f"frames: need uint8 (n, height, width, 3), got {frames.dtype} {frames.shape}")
        fitting = self.package.preprocessing.fitting
        fitted = [resize_and_crop(frame, fitting) for frame in frames]
        return self.score_fitted(np.stack(fitted)) if fitted else np.empty(0)

    def score_fitted(self, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Scores float64 (n,) of what the encoder reads, uint8 (n, s, s, 3)."""
        with self._forward:
            return self.package.score_fitted(pictures)

    @property
    def untraceable(self) -> str:
        """Why a score cannot be traced back to places of a frame; empty where it can (`relevance`)."""
        said = self.package.frozen or read_json(self.place.folder / RECORD)["encoder"]
        embedding: vision.Embedding = said["embedding"]  # type: ignore[assignment]  # checked when opened
        return family_of(self.package.tower).untraceable(embedding)

    def relevance(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Which patches raise the scores of these pictures (`explanations.relevance.relevance_maps`).

        Args:
            pictures: What the encoder reads, uint8 (n, s, s, 3).

        Returns:
            float32 (n, g, g), at least 0; row 0 is the top.

        Raises:
            InputError: it cannot be traced (`untraceable`).
        """
        if self.untraceable:
            raise InputError(f"relevance: {self.untraceable}")
        from clipforensics.explanations.relevance import relevance_maps  # not what scoring waits for

        pixels = self.package.preprocessing.pixels(pictures, self.package.device)
        with self._forward:
            return relevance_maps(self.package.module, self.package.tower, pixels)

    def _faces(self) -> Yunet | None:
        """The face detector, one a thread: OpenCV's is not for several at once."""
        around = self.drawn.around
        if around is None or self._weights is None:
            return None
        if not hasattr(self._of_thread, "faces"):
            size, least = around.detect_size, around.min_score
            self._of_thread.faces = Yunet(self._weights, detect_size=size, min_score=least)
        found: Yunet = self._of_thread.faces
        return found

    def _unlike(self, seen: Seen) -> float | None:
        """Share of validation videos that lie as far from training's; None where that cannot be told."""
        likeness = self.validated.likeness
        if self._embed is None or not likeness.can_tell or not len(seen.pictures):
            return None
        main = seen.pictures[seen.people == seen.people[0]]
        with self._forward:
            embedding = video_embedding(self._embed(main[looked_at(len(main))]))
        if embedding.shape != likeness.mean.shape:
            raise InputError(f"{self.place.folder / LIKENESS} is of another encoder; copy the package again")
        return likeness.p_value(float(likeness.distances(embedding[None])[0]))

    def _embedder(self) -> Embed | None:
        """The encoder as it was before training; None where the package stands without one."""
        package = self.package
        frozen = package.frozen
        if frozen is None:
            return None
        if isinstance(package.module, FrozenEncoder):
            tower = package.tower
        else:
            tower = vision.load_vision_tower(frozen["model"], frozen["revision"], package.device)
            tower = vision.show_frames(tower, package.preprocessing)
        embedding: vision.Embedding = frozen["embedding"]  # type: ignore[assignment]  # checked as it was opened
        device, dtype = package.device, torch.float32
        return vision.frame_embedder(tower, package.preprocessing, embedding, device=device, dtype=dtype)


def _probed(path: Path) -> Footage:
    try:
        return probe_pictures(path) if holds_pictures(path) else probe_video(path)
    except OSError as error:
        raise UnreadableVideo(f"cannot be read: {error.strerror or type(error).__name__}") from error
    except ValueError as error:
        if "\0" in str(path):
            raise UnreadableVideo("is no name of a file: it holds a NUL") from error
        raise


def _exhibit(path: Path, given: str, footage: Footage) -> Exhibit:
    size = footage.codec, footage.width, footage.height, footage.n_frames, footage.frame_rate
    return Exhibit(given, digest(path), n_bytes(path), *size)
