"""What a method is and where it comes from: its module's docstring, read without importing the module."""

from dataclasses import dataclass

from clipforensics.core.faults import InputError
from clipforensics.report.wording.markdown import Markdown, prose
from clipforensics.report.wording.titles import docstring_of


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
    text = docstring_of(detector)
    if text is None:
        raise InputError(f"detectors: {detector!r} is no module of clipforensics/detectors; mend params.yaml")
    first, *rest = (text or detector).split("\n\n")
    title, _, summary = first.partition(":")
    return Method(title.strip(), prose(summary), tuple(_paragraph(part) for part in rest if part.strip()))


def _paragraph(text: str) -> Markdown:
    """One in one line; a list (every item begins with a dash) item by item."""
    if not text.startswith("- "):
        return prose(text)
    items = text.removeprefix("- ").split("\n- ")
    return Markdown("\n".join(f"- {prose(item)}" for item in items))
