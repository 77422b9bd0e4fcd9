"""Why a video is left out where not its content is at fault, or not for certain: what may pass."""

DIED = "its decoding process died (a crash, or out of memory); mend or remove it"

NOT_READ = "cannot be read"
"""Begins the reason of a video that the system, not its content, kept from being read."""

LATE = "took longer than"
"""Begins the reason of a video that was given up after a time."""


def late_after(seconds: float) -> str:
    """Reason of a video that was worked on for so long."""
    return f"{LATE} ingest.max_probe_seconds={seconds:g} of work; raise it, or mend or remove the video"


def not_read(error: OSError | MemoryError) -> str:
    """Reason of a video that the system did not give."""
    return f"{NOT_READ}: {getattr(error, 'strerror', None) or type(error).__name__}"


def may_pass(reason: str) -> bool:
    """Whether the next run may find the video readable: then it is tried again."""
    return reason == DIED or reason.startswith((NOT_READ, LATE))
