"""The detector's weight file: a local one, or one of the hub at a pinned commit; its sha256 is held to."""

import hashlib
import re
from pathlib import Path

from httpx2 import HTTPError
from huggingface_hub import hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils import validate_repo_id

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_regular
from clipforensics.encoder.hub import ask_for
from clipforensics.faces.settings import FacesSection


def find_weights(faces: FacesSection) -> Path:
    """Where the weight file lies; fetched from the hub if it is there and not in the local cache.

    Args:
        faces: Section `faces` of params.yaml.

    Raises:
        InputError: there is no such file, the hub does not give it, or its sha256 is another.
    """
    path = Path(faces.weights).expanduser()
    if not path.is_file():
        path = _of_the_hub(faces, path)
    try:
        with open_regular(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"faces.weights {str(path)!r} cannot be read: {error.strerror or error}") from error
    if digest != faces.sha256:
        raise InputError(
            f"faces.sha256 {faces.sha256!r} does not fit {str(path)!r}, whose sha256 is {digest}; use the"
            " file that was meant, or write its digest"
        )
    return path


def check_weights(faces: FacesSection) -> None:
    """Raise InputError if `find_weights` would, without fetching anything."""
    if Path(faces.weights).expanduser().is_file() or isinstance(_cached(faces), str):
        find_weights(faces)
        return
    _check_id(faces, Path(faces.weights))
    _ask(faces)


def _of_the_hub(faces: FacesSection, path: Path) -> Path:
    _check_id(faces, path)
    if isinstance(found := _cached(faces), str):
        return Path(found)
    _ask(faces)
    try:
        return Path(hf_hub_download(faces.weights, faces.weights_file, revision=faces.revision))
    except (OSError, HTTPError, HfHubHTTPError) as error:
        raise InputError(f"faces.weights {faces.weights!r} cannot be fetched: {error}") from error


def _cached(faces: FacesSection) -> object:
    if not _is_id(faces.weights):
        return None
    return try_to_load_from_cache(faces.weights, faces.weights_file, revision=faces.revision)


def _ask(faces: FacesSection) -> None:
    ask_for(faces.weights, faces.revision, faces.weights_file, setting="faces.weights", pin="faces.revision")


def _is_id(name: str) -> bool:
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return name.count("/") == 1


def _check_id(faces: FacesSection, path: Path) -> None:
    if not _is_id(faces.weights) or path.suffix == ".onnx":
        raise InputError(
            f"faces.weights {faces.weights!r} is no file; give one, or an id on the hub (owner/name)"
        )
    if not re.fullmatch(r"[0-9a-f]{40}", faces.revision):
        raise InputError(
            f"faces.revision {faces.revision!r} does not pin {faces.weights!r};"
            " give the 40 hexadecimal digits of a commit of that hub repository"
        )
