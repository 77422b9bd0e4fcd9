"""Any data set, described by a CSV: path, label, manipulation, target, source; if need be take, others."""

import csv
from io import TextIOWrapper
from pathlib import Path, PurePosixPath

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_whole
from clipforensics.core.records import REAL, Skipped, Video
from clipforensics.naming.in_profiles import with_takes
from clipforensics.sources import base

COLUMNS = ("path", "label", "manipulation", "target", "source")


class Profile(base.Profile):
    """Profile of a manifest.

    Attributes:
        manifest: The CSV file, absolute or relative to the root.
    """

    manifest: str


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """Read the manifest: one video a row, in its order; further columns are ignored.

    `path` is relative to the root and must stay below it; `label` is 0 (real) or 1
    (manipulated); `manipulation` is `real` exactly where the label is 0; `target` is never
    empty; `source` may be (unknown, or none). Videos that agree in manipulation, target and
    source need a `take` that tells them apart; without that column it is the file's stem. `others`, where
    there is such a column, are further identities in the video, joined by `+`; `mask` a path like `path`, of
    the mask of a manipulated one.

    Returns:
        Unprobed videos, and rows that are wrong with what is wrong about them.

    Raises:
        InputError: the manifest is missing, is not UTF-8 CSV, or lacks a column.
    """
    path = root / profile.manifest
    rows, has_take = _read_rows(path)
    videos: list[Video] = []
    skipped: list[Skipped] = []
    listed: dict[str, int] = {}
    for number, row in rows:
        fault = _row_fault(row, root, profile.follow_links) or _repeat_fault(row["path"], number, listed)
        if fault:
            shown = row.get("path") or f"row {number}"
            skipped.append(Skipped("ingest", shown, f"row {number} of {path.name}: {fault}"))
        else:
            videos.append(_video(row, dataset))
    return videos if has_take else with_takes(videos), skipped


def _read_rows(path: Path) -> tuple[list[tuple[int, dict[str, str]]], bool]:
    """Rows with their line numbers, and whether there is a column `take`."""
    try:
        with open_whole(path) as binary, TextIOWrapper(binary, "utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval=None, strict=True)
            columns = list(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise InputError(f"manifest {str(path)!r} does not exist; set `manifest` of the profile") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"manifest {str(path)!r} cannot be read ({error}); save it as UTF-8 CSV") from error
    if missing := [name for name in COLUMNS if name not in columns]:
        raise InputError(
            f"manifest {str(path)!r} lacks the column(s) {', '.join(missing)}; its first line must name"
            f" {', '.join(COLUMNS)}"
        )
    return rows, "take" in columns


def _row_fault(row: dict[str, str], root: Path, follow_links: bool) -> str:
    """The first rule that a row breaks, with the value and what to do; empty if none."""
    if "" in row or None in row.values():
        return "it has more or fewer cells than the header; quote cells that hold commas"
    label, manipulation = row["label"], row["manipulation"]
    if label not in ("0", "1"):
        return f"label {label!r} must be 0 (real) or 1 (manipulated); correct it"
    if (label == "0") != (manipulation == REAL):
        return f"label {label} does not go with manipulation {manipulation!r}: 0 means `real`; correct one"
    if manipulation != REAL and (fault := base.manipulation_fault(manipulation)):
        return fault
    if not row["target"]:
        return "target '' is empty; name the identity whose footage it is"
    if label == "0" and row["source"]:
        return f"source {row['source']!r} must be empty for a real video; correct it"
    names = [(kind, row.get(kind, "")) for kind in ("target", "source", "take", "others")]
    fault = next((f for f in (base.identity_fault(*n) for n in names) if f), "")
    return fault or _path_fault(row["path"], root, follow_links) or _mask_fault(row, root, follow_links)


def _mask_fault(row: dict[str, str], root: Path, follow_links: bool) -> str:
    mask = row.get("mask", "")
    if mask and row["label"] == "0":
        return f"mask {mask!r} must be empty for a real video; correct it"
    fault = _path_fault(mask, root, follow_links) if mask else ""
    return fault and fault.replace("path", "mask", 1)


def _path_fault(name: str, root: Path, follow_links: bool) -> str:
    pure = PurePosixPath(name)
    if not name or not name.isprintable():
        return f"path {name!r} is empty or holds control characters; correct it"
    if pure.is_absolute() or ".." in pure.parts:
        return f"path {name!r} must be relative and below the root; correct it"
    try:
        inside = (root / pure).resolve().is_relative_to(root.resolve())
        if (inside or follow_links) and not (root / pure).exists():
            return f"path {name!r} does not exist below the root; correct it"
    except (OSError, RuntimeError):  # name too long, circle of links
        return f"path {name!r} cannot be looked up; correct it"
    if inside or follow_links:
        return ""
    return f"path {name!r} is a link that leads out of the root; copy the file there, or set `follow_links`"


def _repeat_fault(path: str, number: int, listed: dict[str, int]) -> str:
    first = listed.setdefault(str(PurePosixPath(path)), number)
    return "" if first == number else f"path {path!r} is already in row {first}; remove one"


def _video(row: dict[str, str], dataset: str) -> Video:
    return Video(
        dataset=dataset,
        manipulation=row["manipulation"],
        compression="",
        target=row["target"],
        source=row["source"],
        take=row.get("take", ""),
        label=int(row["label"]),
        target_youtube="",
        source_youtube="",
        path=str(PurePosixPath(row["path"])),
        others=row.get("others", ""),
        mask=str(PurePosixPath(row["mask"])) if row.get("mask") else "",
    )
