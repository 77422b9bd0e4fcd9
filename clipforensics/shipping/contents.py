"""Which files of a folder are a package's own, each looked into: nothing else is handed on by mistake."""

import json
import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml
from safetensors import SafetensorError, safe_open

from clipforensics.adaptation.record import CHOICES, RECORD
from clipforensics.core.faults import InputError
from clipforensics.publishing.encoders import FOLDER, SMALL
from clipforensics.publishing.files import (
    CARD,
    DIGESTS,
    FACE_DETECTOR,
    FRAMES,
    POINT,
    PREPROCESSOR,
    VALIDATION,
)
from clipforensics.publishing.loading import ADAPTER, CONFIG

CONVERSION = "conversion.json"
"""What a converted detector was made from and with."""

RESULTS = ".eval_results/clipforensics.yaml"
"""Ties the headline to a data set on the hub (`publishing.folder`, which is not loaded for its name)."""

JSON_FILES = frozenset(
    {RECORD, CHOICES, CONVERSION, POINT, FRAMES, PREPROCESSOR, ADAPTER, CONFIG, VALIDATION, DIGESTS}
    | {"model.safetensors.index.json"}
)
ONNX_FILES = frozenset({"model.onnx", "model.onnx.data", FACE_DETECTOR})
OF_ENCODER = frozenset({*SMALL, "model.safetensors.index.json"})
"""What may lie in encoder/ beside weights as safetensors."""

WEIGHTS = re.compile(r"[A-Za-z0-9][\w.-]*\.safetensors", re.ASCII)
PICKLED = frozenset(
    {".bin", ".ckpt", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pt2", ".pth", ".h5", ".keras"}
)
"""Endings of files that run code when they are loaded, or may."""

LEFT = (".gitattributes", ".cache/huggingface/")
"""What the hub's client leaves in a folder that it fetched; stays where it is."""

ZIP, PICKLE = b"PK\x03\x04", b"\x80"


@dataclass(frozen=True)
class Contents:
    """The files of a package, all of which were looked into.

    Attributes:
        folder: Where.
        sizes: Name, with `/`, -> bytes; sorted by name.
        detector: The method.
    """

    folder: Path
    sizes: Mapping[str, int]
    detector: str

    @property
    def n_bytes(self) -> int:
        """Of all files."""
        return sum(self.sizes.values())

    @property
    def words(self) -> str:
        """Method, number of files and size, for people."""
        return f"{self.detector}, {len(self.sizes)} files, {in_bytes(self.n_bytes)}"


def in_bytes(n: int) -> str:
    """A size for people."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n} bytes"


def read_contents(folder: Path) -> Contents:
    """Find a package's files, and look into each.

    Args:
        folder: A package, or what `clipforensics convert` made of one.

    Raises:
        InputError: it is neither, or holds a file that is not a package's own, is or may be a pickle, or is
            not what its name says; names the first.
    """
    if not folder.is_dir():
        raise InputError(f"--model {folder} is no folder; name a package, as models/<detector>/<cell>")
    names = sorted(_names(folder))
    for name in names:
        _check_name(folder, name)
        _check_content(folder / name, name)
    return Contents(
        folder, {name: (folder / name).stat().st_size for name in names}, _detector(folder, names)
    )


def _names(folder: Path) -> list[str]:
    """Every file below a folder but those in `LEFT`, as paths from it; links are not followed."""
    found = []
    for where, folders, files in os.walk(folder):
        inside = Path(where).relative_to(folder)
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        found += [(inside / name).as_posix() for name in (*files, *links)]
    return [name for name in found if not name.startswith(LEFT)]


def _detector(folder: Path, names: Sequence[str]) -> str:
    """The method, of a folder that has what makes it a package."""
    about = next((name for name in (RECORD, CONVERSION) if name in names), None)
    has_weights = any(name.endswith((".safetensors", ".onnx")) and "/" not in name for name in names)
    if about is None or CARD not in names or not has_weights:
        raise InputError(
            f"{folder} is no package: it must hold {CARD}, weights, and {RECORD} or {CONVERSION}; name a"
            " folder of models/, or one that `clipforensics convert` made"
        )
    content = json.loads((folder / about).read_text(encoding="utf-8"))
    record = content.get("detector") if about == CONVERSION else content
    if not isinstance(record, dict) or not isinstance(record.get("method"), str):
        raise InputError(f"{folder / about} names no `method`; package the detector again")
    return str(record["method"])


def _check_name(folder: Path, name: str) -> None:
    path, place = folder / name, PurePosixPath(name)
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is {'a link' if stat.S_ISLNK(mode) else 'no file'}; put files in its place")
    if place.suffix.lower() in PICKLED:
        remedy = "move it out of the package"
        if place.parent.as_posix() == FOLDER:
            remedy = (
                "save the encoder as safetensors and package again, leave it out (package.include_encoder),"
                " or push what `clipforensics convert` makes of the package"
            )
        raise InputError(f"{path} is or may be a pickle, which runs code when it is loaded; {remedy}")
    if not _is_ours(place):
        raise InputError(
            f"{path} is no file of a package; move it out, so that it is not handed on by mistake"
        )


def _is_ours(place: PurePosixPath) -> bool:
    if place.as_posix() in (CARD, RESULTS):
        return True
    if place.parent.as_posix() == ".":
        known = JSON_FILES | ONNX_FILES
    elif place.parent.as_posix() == FOLDER:
        known = OF_ENCODER
    else:
        return False
    return place.name in known or WEIGHTS.fullmatch(place.name) is not None


def _check_content(path: Path, name: str) -> None:
    """Raise InputError unless the file is what its name says."""
    kind = Path(name).suffix
    look = _LOOKS.get(kind, _look_at_text)
    try:
        look(path)
    except (ValueError, OSError, SafetensorError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path} is not what its name says: {reason}; bring back the file that it was written as"
        ) from error


def _look_at_tensors(path: Path) -> None:
    with safe_open(path, framework="numpy"):
        pass


def _look_at_json(path: Path) -> None:
    json.loads(path.read_text(encoding="utf-8"))


def _look_at_yaml(path: Path) -> None:
    yaml.safe_load(path.read_text(encoding="utf-8"))


def _look_at_text(path: Path) -> None:
    if "\0" in path.read_text(encoding="utf-8"):
        raise ValueError("it is no text")


def _look_at_bytes(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(4)
    if path.suffix == ".onnx" and head.startswith((ZIP, PICKLE)):
        raise ValueError("it is an archive or a pickle")


_LOOKS: Mapping[str, Callable[[Path], None]] = {
    ".safetensors": _look_at_tensors,
    ".json": _look_at_json,
    ".yaml": _look_at_yaml,
    ".onnx": _look_at_bytes,
    ".data": _look_at_bytes,
}


def check_remote(there: Sequence[str], contents: Contents, where: str) -> None:
    """Raise InputError if files of another detector lie there that would be taken for this one's.

    Args:
        there: Names, with `/`, of the files that lie there.
        contents: What is pushed.
        where: The place, for people.
    """
    strange = [
        name
        for name in there
        if name not in contents.sizes and not name.startswith(LEFT) and _decides(PurePosixPath(name))
    ]
    if strange:
        raise InputError(
            f"{where} holds {sorted(strange)[0]}, which this package has not and which would be taken for"
            " a part of it; remove it there, or name another place or --revision"
        )


def _decides(place: PurePosixPath) -> bool:
    """Whether a file can decide how a folder is loaded."""
    return place.suffix in {".safetensors", ".json", ".onnx", ".data", *PICKLED}
