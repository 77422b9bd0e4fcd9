"""The two templates of a package: the model card and its Python."""

from pathlib import Path
from typing import Any

import jinja2

from clipforensics.report.wording.markdown import Markdown, escape

FOLDER = Path(__file__).parent


def render_markdown(template: str, content: dict[str, object]) -> str:
    """Fill a template of this folder; what is not `Markdown` already is escaped.

    Raises:
        jinja2.UndefinedError: it asks for a name that is not given.
    """
    found = _environment(finalize=lambda value: value if isinstance(value, Markdown) else escape(value))
    return found.get_template(template).render(content)


def render_code(template: str, content: dict[str, Any]) -> str:
    """Fill a template of this folder as it is: whoever gives a text into it has quoted it.

    Raises:
        jinja2.UndefinedError: it asks for a name that is not given.
    """
    return _environment().get_template(template).render(content)


def _environment(**options: Any) -> jinja2.Environment:
    return jinja2.Environment(  # noqa: S701  Markdown and Python, in which HTML escapes nothing
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
