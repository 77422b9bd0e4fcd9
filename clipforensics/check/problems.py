"""Problems are collected, not raised one by one: whoever mends params.yaml wants to see all of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from clipforensics.core.faults import InputError


@dataclass(frozen=True)
class Problems:
    """What is wrong, one line each, in the order of finding, none twice."""

    _found: dict[str, None] = field(default_factory=dict)

    def add(self, line: str) -> None:
        """Put it on the list."""
        self._found[" ".join(line.split())] = None

    @contextmanager
    def caught(self, where: str = "") -> Iterator[None]:
        """Put an :class:`InputError` of the body on the list, with `where` before it; the body ends there."""
        try:
            yield
        except InputError as error:
            self.add(f"{where}: {error}" if where else str(error))

    @property
    def lines(self) -> list[str]:
        """All of them."""
        return list(self._found)
