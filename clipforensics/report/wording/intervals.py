"""Whether a difference is shown: read from its interval, or from that of its family. Pure: nothing is
drawn."""

from collections.abc import Mapping
from typing import Any

from clipforensics.report.wording.numbers import known

Json = Mapping[str, Any]


def is_shown(values: Json) -> bool:
    """Whether a difference is shown: by the simultaneous interval where there is one, else by its own."""
    return excludes_zero(values.get("simultaneous") or values)


def excludes_zero(values: Json) -> bool:
    """Whether both bounds are known and lie on one side of 0."""
    low, high = known(values.get("low")), known(values.get("high"))
    return low is not None and high is not None and (low > 0 or high < 0)
