"""The encoder of a trained detector, as somebody else can find it: on the hub, or in a folder to hand on."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.encoder.digests import digest_once

FOLDER = "encoder"
"""Name of the encoder's folder inside a package."""

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""In the order in which transformers takes them."""

PREPROCESSORS = ("preprocessor_config.json", "processor_config.json")
"""Where the preprocessing stands; the second has it under `image_processor`."""

SMALL = (
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "LICENSE",
)
"""What is copied beside the weights: configs, tokenizer, licence."""


@dataclass(frozen=True)
class Encoder:
    """Which encoder, and how it wants its pictures.

    Attributes:
        name: Hub id, or the name of its folder.
        revision: Commit on the hub, or sha256 of the folder's weight file.
        preprocessor: Content of preprocessor_config.json.
        folder: Where it lies, None for one on the hub.
    """

    name: str
    revision: str
    preprocessor: dict[str, Any]
    folder: Path | None


def find_encoder(model: str, revision: str, preprocessor: dict[str, Any] | None = None) -> Encoder:
    """Read which encoder it is, from its folder or the hub's cache (or the hub); no weights are loaded.

    Args:
        model: Folder or hub id, as in detector.json.
        revision: As in detector.json.
        preprocessor: Its preprocessing, where it has no file of its own for it.

    Raises:
        InputError: it is not there, or says nothing of its preprocessing.
    """
    folder = Path(model) if Path(model).is_dir() else None
    preprocessor = preprocessor or _preprocessor(model, revision, folder)
    if folder is None:
        return Encoder(model, revision, preprocessor, None)
    return Encoder(folder.resolve().name, digest_once(_weights(folder)), preprocessor, folder)


def copy_encoder(encoder: Encoder, out: Path) -> None:
    """Copy a local encoder's configs, tokenizer and weights to `out`; nothing else that lies there.

    Raises:
        InputError: it lies in no folder.
    """
    if encoder.folder is None:
        raise InputError(f"encoder {encoder.name!r} is on the hub; it is named by its commit, not copied")
    out.mkdir(parents=True)
    for path in sorted(encoder.folder.iterdir()):
        if path.is_file() and path.name in SMALL:
            shutil.copyfile(path, out / path.name)
    weights = _weights(encoder.folder)
    shutil.copyfile(weights, out / weights.name)


def _weights(folder: Path) -> Path:
    found = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if found is None:
        raise InputError(f"encoder.model {folder.name!r} holds none of {', '.join(WEIGHTS)}; run `dvc repro`")
    return found


def _preprocessor(model: str, revision: str, folder: Path | None) -> dict[str, Any]:
    for name in PREPROCESSORS:
        path = folder / name if folder else _from_hub(model, revision, name)
        if path is not None and path.is_file():
            content = json.loads(path.read_text(encoding="utf-8"))
            found = content if name == PREPROCESSORS[0] else content.get("image_processor")
            if found:
                return found
    raise InputError(
        f"encoder.model {model!r} (revision {revision}) is no folder with a {PREPROCESSORS[0]}, and neither"
        " the hub nor its cache has one; a package must say how frames are prepared: bring the encoder back"
    )


def _from_hub(model: str, revision: str, name: str) -> Path | None:
    """A file of a hub repository; `embed` has put it into the hub's cache, where it is found offline."""
    from huggingface_hub import hf_hub_download  # half a second that local encoders need not wait for

    try:
        return Path(hf_hub_download(model, name, revision=revision))
    except (OSError, ValueError):  # not there, not reachable, or no hub id
        return None
