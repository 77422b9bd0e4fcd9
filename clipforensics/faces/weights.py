"""A network's weight file: a local one, or one of the hub at a pinned commit; its sha256 is held to."""

import hashlib
import re
from pathlib import Path

from httpx2 import HTTPError
from huggingface_hub import hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_regular
from clipforensics.encoder.hub import ask_for, is_id
from clipforensics.faces.settings import PinnedFile


def find_weights(pinned: PinnedFile, *, fetch: bool = True) -> Path:
    """Where the weight file lies; fetched from the hub if it is there and not in the local cache.

    Args:
        pinned: The section of params.yaml that names it.
        fetch: Whether it may be fetched.

    Raises:
        InputError: there is no such file, the hub does not give it, or its sha256 is another.
    """
    path = Path(pinned.weights).expanduser()
    if not path.is_file():
        path = _of_the_hub(pinned, path, fetch)
    try:
        with open_regular(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{pinned.section}.weights {str(path)!r} cannot be read: {error.strerror or error}"
        ) from error
    if digest != pinned.sha256:
        raise InputError(
            f"{pinned.section}.sha256 {pinned.sha256!r} does not fit {str(path)!r}, whose sha256 is {digest};"
            " use the file that was meant, or write its digest"
        )
    return path


def check_weights(pinned: PinnedFile) -> None:
    """Raise InputError if `find_weights` would, without fetching anything."""
    if Path(pinned.weights).expanduser().is_file() or isinstance(_cached(pinned), str):
        find_weights(pinned)
        return
    _check_id(pinned, Path(pinned.weights))
    _ask(pinned)


def _of_the_hub(pinned: PinnedFile, path: Path, fetch: bool) -> Path:
    _check_id(pinned, path)
    if isinstance(found := _cached(pinned), str):
        return Path(found)
    if not fetch:
        raise InputError(
            f"{pinned.section}.weights {pinned.weights!r} is on the hub, at {pinned.revision}, and not in the"
            " local cache; add --fetch to fetch it from there (Python: fetch=True), or name the file with"
            " --face-detector"
        )
    _ask(pinned)
    try:
        return Path(hf_hub_download(pinned.weights, pinned.weights_file, revision=pinned.revision))
    except (OSError, HTTPError, HfHubHTTPError) as error:
        raise InputError(f"{pinned.section}.weights {pinned.weights!r} cannot be fetched: {error}") from error


def _cached(pinned: PinnedFile) -> object:
    if not is_id(pinned.weights):
        return None
    return try_to_load_from_cache(pinned.weights, pinned.weights_file, revision=pinned.revision)


def _ask(pinned: PinnedFile) -> None:
    names = {"setting": f"{pinned.section}.weights", "pin": f"{pinned.section}.revision"}
    ask_for(pinned.weights, pinned.revision, pinned.weights_file, **names)


def _check_id(pinned: PinnedFile, path: Path) -> None:
    if not is_id(pinned.weights) or path.suffix == ".onnx":
        raise InputError(
            f"{pinned.section}.weights {pinned.weights!r} is no file; give one, or an id on the hub"
            " (owner/name)"
        )
    if not re.fullmatch(r"[0-9a-f]{40}", pinned.revision):
        raise InputError(
            f"{pinned.section}.revision {pinned.revision!r} does not pin {pinned.weights!r};"
            " give the 40 hexadecimal digits of a commit of that hub repository"
        )
