"""The page: one file, whose policy lets its own style and script run and nothing else."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from clipforensics.serving.templates import fill

_INLINE = {kind: re.compile(rf"<{kind}>(.*?)</{kind}>", re.DOTALL) for kind in ("style", "script")}


@dataclass(frozen=True)
class Page:
    """The page and what it may do.

    Attributes:
        html: All of it.
    """

    html: str

    @classmethod
    def read(cls) -> "Page":
        """That of this library, in the look of the pipeline's report."""
        return cls(fill("page.html", {}))

    @cached_property
    def policy(self) -> str:
        """Content-Security-Policy: its style and script by their digests, pictures inside it, this server."""
        style, script = (f"'sha256-{_digest(self.html, kind)}'" for kind in _INLINE)
        return (
            f"default-src 'none'; style-src {style}; script-src {script}; img-src data:; connect-src 'self';"
            " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )


def _digest(html: str, kind: str) -> str:
    (text,) = _INLINE[kind].findall(html)
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
