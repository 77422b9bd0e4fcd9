"""What one server takes in, and how long it works on it."""

from dataclasses import dataclass

MEBIBYTE = 1 << 20

MAX_PIXELS = 1 << 24
"""Largest frame (width times height) that a server looks at: 4096 by 4096. Several are held at once, and
here anybody may send them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one server.

    Attributes:
        megabytes: Largest upload, in MiB.
        seconds: Longest video, by its frame rate.
        time_limit: Seconds of work on one video; then the process that works on it is ended.
        workers: Videos that are scored at once, a process each.
        waiting: Videos that may wait for one of them; of more, one is refused.
    """

    megabytes: int = 200
    seconds: int = 600
    time_limit: int = 120
    workers: int = 1
    waiting: int = 10

    @property
    def n_bytes(self) -> int:
        """Largest upload."""
        return self.megabytes * MEBIBYTE

    @property
    def in_hand(self) -> int:
        """Videos that may be uploaded, waiting or worked on at once."""
        return self.workers + self.waiting
