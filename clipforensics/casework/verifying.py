"""A case done again: what a second examiner finds that the first did not.

It is read before kernels are pinned, so numpy is not loaded here.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipforensics.casework.outputs import FORM, HEAD, PAGE, RECORD
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.report.wording.numbers import counted
from clipforensics.report.wording.printable import printable

MOST = 40
"""Differences that are told one by one."""

SHORT = 80
"""Characters of a value that are told."""

MISSING = object()


@dataclass(frozen=True, eq=False)
class Before:
    """An earlier case.

    Attributes:
        path: Its case.json.
        record: Content of that.
        prior: The prior that it was asked with.
    """

    path: Path
    record: Mapping[str, Any]
    prior: float | None


def read_case(path: Path) -> Before:
    """Read an earlier case.

    Raises:
        InputError: it is missing, no case file, or of another version's form.
    """
    if not path.is_file():
        raise InputError(f"--verify {path} is no file; name the case.json of an earlier case")
    record = read_json(path)
    if not isinstance(record, dict) or record.get(HEAD) != FORM:
        raise InputError(f"--verify {path} is no case file of this version's form ({FORM}); name a case.json")
    return Before(path, record, _prior(record))


def _prior(record: Mapping[str, Any]) -> float | None:
    settings = record.get("settings")
    found = settings.get("prior_asked_for") if isinstance(settings, dict) else None
    if found is None or (isinstance(found, float) and 0 < found < 1):
        return found
    raise InputError(f"--verify: prior {found!r} must lie between 0 and 1; use the file as it was made")


def tell_differences(before: Before, texts: Mapping[str, str]) -> None:
    """Print what differs from an earlier case; exit with 1 where anything does.

    Args:
        before: The earlier case; its page is looked at where it lies beside it.
        texts: The files as they were made now.
    """
    now = json.loads(texts[RECORD])
    found = list(another(before.record, now)) or list(differences(before.record, now))
    page = before.path.with_name(PAGE)
    same_page = page.read_text(encoding="utf-8") == texts[PAGE] if page.is_file() else None
    same = before.path.read_text(encoding="utf-8") == texts[RECORD] and same_page is not False
    for line in told(found, same_page=same_page, same=same):
        print(printable(line))
    if not same:
        sys.stdout.flush()
        sys.exit(1)


def told(found: list[str], *, same_page: bool | None, same: bool) -> Iterator[str]:
    """The lines to print."""
    if same:
        beside = f"; no {PAGE} lies beside it" if same_page is None else f" and {PAGE}"
        yield f"the same, to the byte: {RECORD}{beside}"
        return
    yield f"differs in {counted(len(found), 'value')}" if found else "differs in its text, in no value"
    yield from found[:MOST]
    if len(found) > MOST:
        yield f"and {len(found) - MOST} more"
    if same_page is False:
        yield f"{PAGE} beside it is another"


def another(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What makes it another case altogether, so that no value need be compared: exhibit or package."""
    for part, what in (("exhibit", "another exhibit"), ("model", "another package")):
        digests = [(record.get(part) or {}).get("sha256") for record in (before, now)]
        if digests[0] != digests[1]:
            yield f"{what}: SHA-256 {digests[0]} before, {digests[1]} now; nothing else was compared"


def differences(before: Any, now: Any, way: str = "") -> Iterator[str]:
    """`model.sha256: "..." before, "..." now` for every leaf that differs, in the order of the first."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            yield from differences(
                before.get(key, MISSING), now.get(key, MISSING), f"{way}.{key}".lstrip(".")
            )
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, pair in enumerate(zip(before, now, strict=True)):
            yield from differences(*pair, f"{way}[{number}]")
    elif before != now:
        yield f"{way}: {_short(before)} before, {_short(now)} now"


def _short(value: Any) -> str:
    text = "absent" if value is MISSING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHORT else f"{text[:SHORT]}..."
