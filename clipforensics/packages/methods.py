"""What a method is and where it comes from: its module's docstring, read without importing the module."""

import ast
from dataclasses import dataclass
from pathlib import Path

from clipforensics.faults import InputError
from clipforensics.packages.markdown import Markdown, prose

DETECTORS = Path(__file__).parents[1] / "detectors"


@dataclass(frozen=True)
class Method:
    """A docstring `Title: what it does.` with paragraphs below, among them the citation.

    Attributes:
        title: Before the first colon.
        summary: The rest of the first paragraph.
        paragraphs: The others, each in one line; a list has one line an item.
    """

    title: str
    summary: Markdown
    paragraphs: tuple[Markdown, ...]


def describe_method(detector: str) -> Method:
    """Read it from clipforensics/detectors/<detector>.py.

    Raises:
        InputError: there is no such method.
    """
    source = next((path for path in sorted(DETECTORS.glob("*.py")) if path.stem == detector), None)
    if source is None:
        raise InputError(f"detectors: {detector!r} is no module of clipforensics/detectors; mend params.yaml")
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or detector
    first, *rest = text.split("\n\n")
    title, _, summary = first.partition(":")
    return Method(title.strip(), prose(summary), tuple(_paragraph(part) for part in rest if part.strip()))


def _paragraph(text: str) -> Markdown:
    """One in one line; a list (every item begins with a dash) item by item."""
    if not text.startswith("- "):
        return prose(text)
    items = text.removeprefix("- ").split("\n- ")
    return Markdown("\n".join(f"- {prose(item)}" for item in items))
