"""Pages of HTML from templates: names escaped, one head and one look for every page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

SHARED = Path(__file__).parents[1]
"""Holds head.html, style.css and table.html, which pages include."""


def render_html(template: Path, content: Mapping[str, Any]) -> str:
    """Fill a template, which may include what lies beside it and in `SHARED`.

    Raises:
        jinja2.UndefinedError: it asks for a name that is not given.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, SHARED]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(content)
