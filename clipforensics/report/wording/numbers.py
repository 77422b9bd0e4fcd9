"""How a number is written on the page: `.835`, `+.060`, `[.010, .110]`, and `–` where there is none."""

import math

NONE = "–"
"""Stands where a number is undefined; never a plausible value."""

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"


def known(value: object) -> float | None:
    """The number as float, or None for null, NaN, infinities and anything that is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def number(value: object, digits: int = 3) -> str:
    """A rate such as an AUC: `.835`, without the leading zero, as the field prints it."""
    found = known(value)
    if found is None:
        return NONE
    text = f"{abs(found):.{digits}f}"
    sign = MINUS if found < 0 and float(text) else ""
    return sign + (text[1:] if text.startswith("0.") else text)


def signed(value: object, digits: int = 3) -> str:
    """A difference: always with its sign, except where it rounds to zero."""
    text = number(value, digits)
    found = known(value)
    return f"+{text}" if found is not None and found > 0 and float(f"{found:.{digits}f}") else text


def interval(low: object, high: object) -> str:
    """Bounds in brackets, never broken over two lines, or the empty text where one of them is undefined.

    A bound that only rounds to 0 shows its sign, `[−.200, −.0004]`: this interval excludes 0.
    """
    ends = known(low), known(high)
    if None in ends:
        return ""
    return f"[{f',{NO_BREAK}'.join(_bound(end) for end in ends if end is not None)}]"


def _bound(value: float) -> str:
    """With as many digits as its first one that is not 0 needs; `4e−09` where those are too many."""
    if not value or float(f"{value:.3f}"):
        return number(value)
    digits = next((n for n in range(4, 8) if float(f"{value:.{n}f}")), None)
    return f"{value:.0e}".replace("-", MINUS) if digits is None else number(value, digits)


def count(value: object) -> str:
    """A whole number with a narrow space between thousands: `88 144 128`."""
    found = known(value)
    return NONE if found is None else f"{found:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def p_value(value: object) -> str:
    """`.034`, and `< .001` for anything smaller."""
    found = known(value)
    if found is None:
        return NONE
    return "< .001" if found < 0.001 else number(found)


def counted(value: object, thing: str) -> str:
    """A count with its noun: `1 real video`, `10 real videos`."""
    return f"{count(value)} {thing}{'' if known(value) == 1 else 's'}"


def percent(value: object) -> str:
    """A share as a whole percentage: `82%`."""
    found = known(value)
    return NONE if found is None else f"{100 * found:.0f}%"


TENTHS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "all")


def share(n: int, whole: int) -> str:
    """`nine of ten` where it is exactly that, `all`, `none`, else `17 of 60`."""
    if whole and n in (0, whole):
        return TENTHS[0] if n == 0 else TENTHS[-1]
    if whole >= 10 and 10 * n % whole == 0:
        return f"{TENTHS[10 * n // whole]} of ten"
    return f"{n} of {whole}"
