"""A view: stored frames altered, then embedded by the frozen encoder, and the probe fitted on that.

A view is one file of `clipforensics/controls/views/` with a `VIEW`. Its function sees frames and what is
known of each, never a label, a part or a score. The stage `embed_controls` runs the encoder once over all
altered frames of a view; `kinds` of controls never run it.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
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
of the same shape. The table has the columns `key` and `frame`, and those that the view `needs`."""


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
        needs: Columns that it reads of what is known of a frame, beside `key` and `frame`. `margin`: the one
            that frames are cut around faces with; a view that needs it is not made where they are not.
        store: Whose frames are altered: those of `data/frames`, or the same ones whole and without faces,
            which there are only where faces were looked for.
    """

    title: str
    about: str
    asks: Asks
    said: str
    alter: Alter
    settings: type[Section] | None = None
    needs: tuple[str, ...] = ()
    store: Literal["frames", "background"] = "frames"

    def made_of(self, frames: FrameStore, background: FrameStore | None) -> FrameStore | None:
        """The store that it alters; None where the view cannot be made."""
        if self.store == "background":
            return background
        return None if "margin" in self.needs and frames.margin is None else frames


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
        InputError: a view's section is missing or wrong.
    """
    rows = frames.rows
    keys = pd.Categorical.from_codes(rows.videos_of(np.arange(len(rows))), categories=rows.videos)
    known = pd.DataFrame({"key": keys, "frame": rows.frames, "margin": frames.margin})
    found: dict[str, FrameStore] = {}
    for name in known_views():
        view = find_view(name)
        settings = read_section(params, f"controls.views.{name}", view.settings) if view.settings else None
        if (store := view.made_of(frames, background)) is not None:
            found[name] = AlteredFrames(store, view, settings, known)
    return found


class AlteredFrames(FrameStore):
    """A frame store whose frames are altered as they are read; the store on disk stays as it is."""

    def __init__(self, store: FrameStore, view: View, settings: Any, known: pd.DataFrame) -> None:
        """Put a view in front of a store.

        Args:
            store: Frames as they are stored.
            view: What alters them.
            settings: Of the view.
            known: One row a stored frame, in the order of the store.

        Raises:
            InputError: the table is not of these frames, or lacks a column that the view needs.
        """
        keys = store.rows.keys_of()
        same = len(known) == len(store) and (known["key"].to_numpy(dtype=object) == keys).all()
        if not same or (known["frame"].to_numpy() != store.rows.frames).any():
            raise InputError("what is known of frames is of other frames than the store's; run `dvc repro`")
        if missing := sorted(set(view.needs) - set(known.columns)):
            raise InputError(f"{view.title}: of the frames {', '.join(missing)} is not known; find it first")
        self.folder, self.size, self.n_frames = store.folder, store.size, store.n_frames
        self.rows = store.rows
        self.fitting, self.margin, self.shards = store.fitting, store.margin, []
        self._store, self._view, self._settings = store, view, settings
        self._known = known[["key", "frame", *view.needs]]

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process puts the same view in front of the same store."""
        return type(self), (self._store, self._view, self._settings, self._known)

    def __len__(self) -> int:
        """Frames in the store."""
        return len(self._store)

    def read(self, rows: NDArray[np.integer[Any]]) -> Frames:
        """Altered frames of the given rows, uint8 (n, size, size, 3), in their order.

        Neighbours of one video are altered in one call.
        """
        frames, keys = self._store.read(rows), self.rows.keys_of(rows)
        changes = np.flatnonzero(keys[1:] != keys[:-1]) + 1
        for places in np.split(np.arange(len(keys)), changes) if len(keys) else ():
            known = self._known.iloc[rows[places]].reset_index(drop=True)
            altered = self._view.alter(frames[places], known, self._settings)
            if altered.shape != frames[places].shape or altered.dtype != np.uint8:
                raise ValueError(f"{self._view.title}: {altered.dtype} {altered.shape} of uint8 frames")
            frames[places] = altered
        return frames
