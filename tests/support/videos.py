"""Rows of the table of videos, with what a test does not care about filled in."""

from clipforensics.core.records import Video


def make_video(target: str = "a", source: str = "", *, manipulation: str = "", **more: object) -> Video:
    """A real video of `target`, or a manipulated one where there is a manipulation."""
    fields: dict[str, object] = {
        "dataset": "set",
        "compression": "",
        "take": "",
        "label": int(bool(manipulation)),
        "target_youtube": "",
        "source_youtube": "",
        "path": "",
    }
    return Video(
        **{**fields, "target": target, "source": source, "manipulation": manipulation or "real", **more}  # type: ignore[arg-type]
    )
