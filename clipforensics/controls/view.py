"""A view: stored frames altered, then embedded by the frozen encoder, and the probe fitted on that.

A view is one file of `clipforensics/controls/views/` with a `VIEW`. Its function sees frames and what is
known of each, never a label, a part or a score. The stage `embed_controls` runs the encoder once over all
altered frames of a view; `kinds` of controls never run it.
"""

import hashlib
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section, read_section
from clipforensics.frames.store import FrameStore

Frames = NDArray[np.uint8]

Asks = Literal["rival", "chance", "removal", "anchor"]
"""How the AUC of a control is read. `rival`: could this alone explain a score? It speaks against detectors
that are not shown better. `chance`: nothing can be learnt, so it must be at .5; it speaks against detectors
likewise. `removal`: one explanation is taken away; a loss against the same probe on frames as stored says
that this was one. `anchor`: that probe."""

VIEWS = Path(__file__).parent / "views"

Alter = Callable[[Frames, pd.DataFrame, Any], Frames]
"""(frames uint8 (n, s, s, 3) RGB of one video, one row a frame of what is known of it, settings) -> frames
of the same shape. The table has the columns `key`, `frame` and `margin` (of the store; None: whole frames).
Each frame is altered by itself and always alike: which of a video's frames come together is not promised, and
what was embedded of one before is not made again."""


@dataclass(frozen=True)
class View:
    """What a view's file offers.

    Attributes:
        title: What a table and a sentence call it, such as `frames re-encoded alike`.
        about: What is done, in a sentence.
        asks: How its AUC is read.
        said: What follows where it speaks against a detector, such as `faces were read`; see
            `contract.Control`.
        alter: The function.
        settings: Of its section `controls.views.<name>`, None if it has none.
        of_faces: Whether it is made only where frames are cut around faces, with a margin.
        store: Whose frames are altered: those of `data/frames`, or the same ones whole and without faces,
            which there are only where faces were looked for.
    """

    title: str
    about: str
    asks: Asks
    said: str
    alter: Alter
    settings: type[Section] | None = None
    of_faces: bool = False
    store: Literal["frames", "background"] = "frames"

    def made_of(self, frames: FrameStore, background: FrameStore | None) -> FrameStore | None:
        """The store that it alters; None where the view cannot be made."""
        if self.store == "background":
            return background
        return None if self.of_faces and frames.margin is None else frames


def known_views() -> list[str]:
    """Names of all views."""
    return sorted(path.stem for path in VIEWS.glob("[a-z]*.py"))


def find_view(name: str) -> View:
    """The view of that name, one of `known_views`."""
    return cast(View, importlib.import_module(f"clipforensics.controls.views.{name}").VIEW)


def open_views(
    frames: FrameStore, params: Path, background: FrameStore | None = None
) -> dict[str, FrameStore]:
    """Every view of the stored frames that can be made, by name.

    Args:
        frames: As they are stored.
        background: The same frames whole and without faces, if there are any.
        params: params.yaml, whose `controls.views.<name>` a view with settings has.

    Raises:
        InputError: a view's section is missing or wrong, or the background is of other frames.
    """
    if background is not None and not background.rows.same_as(frames.rows):
        raise InputError(f"{background.folder} is of other frames than {frames.folder}; run `dvc repro`")
    found: dict[str, FrameStore] = {}
    for name in known_views():
        view = find_view(name)
        settings = read_section(params, f"controls.views.{name}", view.settings) if view.settings else None
        if (store := view.made_of(frames, background)) is not None:
            found[name] = AlteredFrames(store, view, settings)
    return found


class AlteredFrames(FrameStore):
    """A frame store whose frames are altered as they are read; the store on disk stays as it is.

    Its digests are of the frames on disk and of what alters them, so that nothing need be altered to see
    whether it was before.
    """

    def __init__(self, store: FrameStore, view: View, settings: Any) -> None:
        """Put a view in front of a store.

        Args:
            store: Frames as they are stored.
            view: What alters them.
            settings: Of the view.
        """
        self.folder, self.size, self.n_frames = store.folder, store.size, store.n_frames
        self.fitting, self.margin, self.rows = store.fitting, store.margin, store.rows
        self._store, self._view, self._settings = store, view, settings

    @cached_property
    def shards(self) -> list[tuple[range, str]]:  # type: ignore[override]
        """As of the store's own frames; see there."""
        return [(rows, self._altered(digest, rows)) for rows, digest in self._store.shards]

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process puts the same view in front of the same store."""
        return type(self), (self._store, self._view, self._settings)

    def __len__(self) -> int:
        """Frames in the store."""
        return len(self._store)

    def digests(self, rows: range) -> tuple[str, list[str]]:
        """As of the store's own frames; see there."""
        whole, each = self._store.digests(rows)
        videos = self.rows.by_video(rows)
        digests = [self._altered(one, of) for one, of in zip(each, videos, strict=True)]
        return self._altered(whole, rows), digests

    def read(self, rows: NDArray[np.integer[Any]]) -> Frames:
        """Altered frames of the given rows, uint8 (n, size, size, 3), in their order.

        Neighbours of one video are altered in one call.
        """
        frames, videos = self._store.read(rows), self.rows.videos_of(rows)
        changes = np.flatnonzero(np.diff(videos)) + 1
        for places in np.split(np.arange(len(videos)), changes) if len(videos) else ():
            altered = self._view.alter(frames[places], self._known(rows[places]), self._settings)
            if altered.shape != frames[places].shape or altered.dtype != np.uint8:
                raise ValueError(f"{self._view.title}: {altered.dtype} {altered.shape} of uint8 frames")
            frames[places] = altered
        return frames

    def _known(self, rows: "Sequence[int] | NDArray[np.integer[Any]]") -> pd.DataFrame:
        frames = self.rows.frames[np.asarray(rows)]
        return pd.DataFrame({"key": self.rows.keys_of(rows), "frame": frames, "margin": self.margin})

    def _altered(self, digest: str, rows: "Sequence[int] | NDArray[np.integer[Any]]") -> str:
        alter = self._view.alter
        known = self._known(rows).to_csv(index=False)
        how = (digest, self._view.title, alter.__module__, alter.__qualname__, repr(self._settings), known)
        return hashlib.sha256("\0".join(how).encode()).hexdigest()
