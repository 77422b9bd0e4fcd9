"""All controls by name: those of the folder `kinds`, and one of every view."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from clipforensics.controls.contract import ANCHOR, Control
from clipforensics.controls.probing import fit_on
from clipforensics.controls.view import find_view, known_views

KINDS = Path(__file__).parent / "kinds"


def known_controls(views: Iterable[str] | None = None) -> dict[str, Control]:
    """Every control: the anchor first, then the other kinds, then views.

    Args:
        views: Those that were made; None for all that there are.
    """
    made = known_views() if views is None else sorted(set(views) & set(known_views()))
    names = sorted((path.stem for path in KINDS.glob("[a-z]*.py")), key=lambda name: (name != ANCHOR, name))
    return {name: _of_kind(name) for name in names} | {name: of_view(name) for name in made}


def of_view(name: str) -> Control:
    """The control that a view makes: the probe on its embeddings."""
    view = find_view(name)
    return Control(
        title=view.title,
        about=view.about,
        asks=view.asks,
        said=view.said,
        fit=lambda known, settings, draw: fit_on(known.views[name], known),
    )


def _of_kind(name: str) -> Control:
    return cast(Control, importlib.import_module(f"clipforensics.controls.kinds.{name}").CONTROL)
