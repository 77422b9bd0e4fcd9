"""What a detector is called in a text: the words before the first colon of its module's docstring.

A docstring that begins `LoRA: low-rank updates of ...` calls its detector LoRA. The source is parsed, not
imported, so nothing that a detector needs (torch among it) is loaded to print its name, and a new detector
brings its own.
"""

import ast
import functools
import re
from pathlib import Path

LONGEST = 40
"""A longer text before a colon is a sentence and no title."""

DETECTORS = Path(__file__).parents[2] / "detectors"

_PLAIN = re.compile(r"[A-Z][a-z]+")


@functools.cache
def title_of(detector: str) -> str | None:
    """The title of a detector within a sentence, or None for a name that is no detector's.

    A title of several plain words loses its capital there: `Full fine-tuning` is full fine-tuning, `The
    baseline` is the baseline; `LoRA`, `Effort`, `Forensics Adapter` and `CLIP adapter` stay as they are.

    Args:
        detector: Any text: names of score files come here as well.
    """
    lines = (docstring_of(detector) or "").splitlines()
    title, colon, _ = lines[0].partition(":") if lines else ("", "", "")
    title = " ".join(title.split())
    return _in_a_sentence(title) if colon and 0 < len(title) <= LONGEST else None


def docstring_of(detector: str) -> str | None:
    """The docstring of a detector's module, empty if it has none; None for a name that is no detector's."""
    source = next((p for p in DETECTORS.glob("[a-z]*.py") if p.stem == detector), None)
    if source is None:
        return None
    return ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""


def _in_a_sentence(title: str) -> str:
    first, *rest = re.split(r"[\s-]+", title)
    plain = _PLAIN.fullmatch(first) and rest and all(word.islower() for word in rest)
    return title[0].lower() + title[1:] if plain else title
