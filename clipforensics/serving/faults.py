"""Why a request gets no answer: a status, a word for programs, a sentence for people."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clipforensics.serving.models import Fault


class Refused(Exception):
    """A request, or the work on it, that comes to nothing.

    Attributes:
        status: Of HTTP.
        error: For programs.
        detail: For people.
    """

    def __init__(self, status: int, error: "Fault", detail: str) -> None:
        """Take what the attributes say."""
        super().__init__(detail)
        self.status, self.error, self.detail = status, error, detail

    def to_dict(self) -> dict[str, str]:
        """As `models.Problem`."""
        return {"error": self.error, "detail": self.detail}
