"""Templates of the page and its figures, in the look of the pipeline's report."""

from collections.abc import Mapping
from pathlib import Path

import jinja2

from clipforensics import casework
from clipforensics.report.wording.html import SHARED

PLACES = (Path(__file__).parent, *map(Path, casework.__path__), SHARED)
"""Where templates and styles lie, the nearest first."""


def fill(name: str, content: Mapping[str, object]) -> str:
    """Fill a template; every name in it is escaped.

    Raises:
        jinja2.UndefinedError: it asks for a name that is not given.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PLACES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(content)
