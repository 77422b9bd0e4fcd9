"""Both pages in the look of the pipeline's report: one offline file each, names escaped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics.casework.examining import Examination
from clipforensics.casework.tables import leaves_table
from clipforensics.casework.view import view_of
from clipforensics.report.wording.html import render_html
from clipforensics.report.wording.names import capital
from clipforensics.scoring.detector import Detector

EXPLAIN, CASE = (Path(__file__).with_name(name) for name in ("explain.html", "case.html"))

Json = Mapping[str, Any]


def explain_page(seen: Examination, detector: Detector, record: Json) -> str:
    """The page of one video: no script, no request; the same video and detector give the same bytes.

    Args:
        seen: The video.
        detector: By which it was judged.
        record: As `record.case_record` returns it.
    """
    return _encodable(render_html(EXPLAIN, view_of(seen, detector, record)) + "\n")


def case_page(seen: Examination, detector: Detector, record: Json) -> str:
    """The same as a document to print: nothing folded away, every table; else as `explain_page`."""
    further = {
        "warnings": [f"{capital(text)}." for text in seen.verdict.warnings],
        "settings": leaves_table("Settings", record["settings"]),
        "software": leaves_table("Software", record["software"]),
    }
    return _encodable(render_html(CASE, {**view_of(seen, detector, record), **further}) + "\n")


def _encodable(text: str) -> str:
    """File names may hold bytes that are no text."""
    return text.encode("utf-8", "replace").decode("utf-8")
