"""The tables of a run as a data set of its own, described in Croissant 1.0.

Akhtar et al., "Croissant: a metadata format for ML-ready datasets" (2024); the vocabulary is
http://mlcommons.org/croissant/1.0. Three tables: the videos, which part of which split each is in, and every
frame's score by every detector. No pixel and no path outside of the folder is in them.
"""

import csv
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.core.records import read_videos
from clipforensics.exporting.run import VIDEOS, Run
from clipforensics.protocol.cells import Cell

METADATA = "croissant.json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
PARTS = ("train", "val", "test")

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "samplingRate": "cr:samplingRate",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification prescribes."""

WHERE = {
    "split": "Name of the split, as in protocol.splits",
    "train_set": "Manipulations of training, joined by +",
}
TABLES: dict[str, tuple[str, Mapping[str, str]]] = {
    "videos": (
        "Every video of the data set, a row each.",
        {
            "key": "dataset/manipulation/compression/name: what the other tables join on",
            "dataset": "Name of the data set",
            "manipulation": "How it was manipulated; real for footage that was not",
            "compression": "Compression as the data set names it, or empty",
            "target": "Identity whose footage it is, as dataset/name; empty where unknown",
            "source": "Identity whose face or expression was brought in, likewise",
            "take": "Tells apart videos that agree in all of these",
            "label": "0 real, 1 manipulated",
            "target_youtube": "YouTube id of the target's footage, or empty",
            "source_youtube": "YouTube id of the source's footage, or empty",
            "path": "File, relative to the data set's root",
            "n_frames": "Frames",
            "width": "Pixels",
            "height": "Pixels",
            "n_bytes": "Size of the file",
            "sha256": "Digest of its content",
            "others": "Further identities in it, likewise, joined by +",
            "codec": "Of the video stream, as FFmpeg names it; pictures for a folder of them",
            "frame_rate": "Frames a second by the container, on average; 0 where it does not say",
            "part": "Part that its publisher put it in (train, val, test); empty where none is said",
            "identities_of": "Whose names the identities are, where they are not the data set's own",
            "key_interval": "Packets a key frame, on average; 0 where there is none",
            "encoder": "Tags in which container and stream name the program that made them, or empty",
            "mask": "Its publisher's mask of what was manipulated, like path; empty where there is none",
            "complaints": "Errors of the decoder over all frames, and frames that it marked as damaged",
        },
    ),
    "parts": (
        "Which videos train, validate and test in each split, a row each.",
        {
            **WHERE,
            "part": "train, val or test",
            "key": "Video, as in videos",
            "label": "0 real, 1 manipulated",
            "manipulation": "As in videos",
            "group": "Number of the identity group: videos that are linked by shared identities",
        },
    ),
    "scores": (
        "The score of every validation and test frame by every detector, a row each.",
        {
            "detector": "Name of the method",
            **WHERE,
            "seed": "Of training",
            "key": "Video, as in videos",
            "manipulation": "As in videos",
            "label": "0 real, 1 manipulated",
            "part": "val or test",
            "frame": "Number of the frame in its video, from 0",
            "score": "From 0 to 1; higher means manipulated",
        },
    ),
}
"""Table -> what it is, and its columns in order."""

WHOLE = {"label", "n_frames", "width", "height", "n_bytes", "complaints", "group", "seed", "frame"}
REAL_NUMBERS = {"frame_rate", "key_interval", "score"}


def write_croissant(run: Run, out: Path, *, license: str | None, url: str | None) -> dict[str, int]:
    """Write the three tables and croissant.json into a folder.

    Tables are copied row by row, so memory does not grow with them.

    Args:
        run: Whose tables.
        out: The folder; it must be new or empty.
        license: URL or SPDX name of the tables' licence. None: Apache-2.0 for the built-in sample, else not
            said, since footage has terms of its own.
        url: Where the data set can be found; None leaves it out.

    Returns:
        Rows of each table.

    Raises:
        InputError: the folder holds files, a table of the run is missing, or one has not its columns.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"--out {out}: is there and not empty; name a new folder")
    rows = {"videos": _videos(run), "parts": _parts(run), "scores": _scores(run)}
    out.mkdir(parents=True, exist_ok=True)
    counts, digests = {}, {}
    try:
        for name, table in rows.items():
            counts[name] = _write_table(out / f"{name}.csv", list(TABLES[name][1]), table)
            digests[name] = _digest(out / f"{name}.csv")
    except BaseException:
        shutil.rmtree(out)  # it was new or empty; half of it would only stop the next try
        raise
    terms = license or ("https://www.apache.org/licenses/LICENSE-2.0" if run.is_sample else None)
    write_json(out / METADATA, describe(run.dataset, digests, license=terms, url=url))
    return counts


def describe(
    dataset: str, digests: Mapping[str, str], *, license: str | None = None, url: str | None = None
) -> dict[str, Any]:
    """Content of croissant.json.

    Args:
        dataset: Name of the data set that the run was on.
        digests: Table -> sha256 of its CSV file.
        license: URL or SPDX name, or None.
        url: Of the data set's page, or None.
    """
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": f"{dataset}-scores",
        "description": f"Videos of {dataset}, the splits that detectors of face forgeries were trained and"
        " tested on, and the score of every frame, as clipforensics wrote them.",
        "conformsTo": CONFORMS_TO,
        **({"license": license} if license else {}),
        **({"url": url} if url else {}),
        "distribution": [_file(name, digest) for name, digest in digests.items()],
        "recordSet": [_record_set(name) for name in digests],
    }


def _file(name: str, digest: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{name}.csv",
        "name": f"{name}.csv",
        "contentUrl": f"{name}.csv",
        "encodingFormat": "text/csv",
        "sha256": digest,
    }


def _record_set(name: str) -> dict[str, Any]:
    about, columns = TABLES[name]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": about,
        "field": [_field(name, column, said) for column, said in columns.items()],
    }


def _field(table: str, column: str, about: str) -> dict[str, Any]:
    kind = "sc:Integer" if column in WHOLE else "sc:Float" if column in REAL_NUMBERS else "sc:Text"
    return {
        "@type": "cr:Field",
        "@id": f"{table}/{column}",
        "name": column,
        "description": about,
        "dataType": kind,
        "source": {"fileObject": {"@id": f"{table}.csv"}, "extract": {"column": column}},
    }


Rows = Iterator[dict[str, str]]


def _videos(run: Run) -> Rows:
    """Identities with the name of whose they are: two sets' `000` are two people, and not 0."""
    for video in read_videos(run.project / VIDEOS):
        row = {name: str(value) for name, value in asdict(video).items()}
        people = {"target": [video.target], "source": [video.source], "others": video.others.split("+")}
        whose = video.identities_of or video.dataset
        named = {name: "+".join(f"{whose}/{one}" for one in ones if one) for name, ones in people.items()}
        yield {"key": video.key, **row, **named}


def _parts(run: Run) -> Rows:
    for split in run.protocol.splits:
        for train_set in run.protocol.train_sets:
            for part in PARTS:
                place = {"split": split, "train_set": train_set, "part": part}
                yield from _read(run.part(split, train_set, part), place)


def _scores(run: Run) -> Rows:
    for detector, cell in run.models():
        yield from _read(run.scores(detector, cell), _place(detector, cell))


def _place(detector: str, cell: Cell) -> dict[str, str]:
    return {
        "detector": detector,
        "split": cell.split,
        "train_set": cell.train_set,
        "seed": str(cell.seed),
    }


def _read(path: Path, place: Mapping[str, str]) -> Rows:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                yield {**row, **place}
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; run `dvc repro`") from error


def _write_table(path: Path, columns: Sequence[str], rows: Rows) -> int:
    n = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            n += 1
            missing = [name for name in columns if row.get(name) is None]
            if missing:
                raise InputError(f"{path.name}: column {missing[0]} is missing in the run; run `dvc repro`")
            writer.writerow(row)
    return n


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
