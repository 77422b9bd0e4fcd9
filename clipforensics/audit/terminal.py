"""What the terminal says beside the verdict, in a line each; the page has it in tables. Pure."""

from collections.abc import Mapping
from typing import Any

from clipforensics.report.wording.numbers import NO_BREAK, counted, interval, signed
from clipforensics.report.wording.tables import excludes_zero

Json = Mapping[str, Any]


def further(content: Json, manipulation: str) -> list[str]:
    """What validation has seen, where a list was given; each detector against the reference, if several."""
    return [*_validation(content, manipulation), *_differences(content, manipulation)]


def _validation(content: Json, manipulation: str) -> list[str]:
    leakage = content["leakage"]
    if "validation" not in leakage:
        return []
    fake, real = leakage["validation"]["manipulations"][manipulation], leakage["validation"]["real"]
    return [
        f"Validation has seen somebody of {fake['any_seen']} of {counted(fake['n'], 'fake')} ({fake['twin']}"
        f" by a twin) and of {real['any_seen']} of {counted(real['n'], 'real')}."
    ]


def _differences(content: Json, manipulation: str) -> list[str]:
    """By video on all fakes, paired, as the page's table has them."""
    place = (manipulation, "all", "video")
    cell = next(c for c in content["cells"] if (c["manipulation"], c["stratum"], c["level"]) == place)
    return [_difference(name, content["reference"], row) for name, row in cell["differences"].items()]


def _difference(name: str, reference: str, row: Json) -> str:
    bounds = interval(row.get("low"), row.get("high"))
    said = (
        f"{name} minus {reference}: {signed(row.get('auc'))}{NO_BREAK}{bounds or '(no interval)'} video AUC"
    )
    if not bounds:
        return f"{said}; it cannot be said whether they differ."
    return f"{said}; a difference is {'shown' if excludes_zero(row) else 'not shown'}."
