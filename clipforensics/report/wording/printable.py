"""Text from files, made fit for a terminal."""


def printable(text: str) -> str:
    """Names come from files: a terminal gets no control characters from them."""
    return "".join(c if c.isprintable() else " " for c in text)
