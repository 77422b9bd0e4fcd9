"""Where a package lies: in a folder, on the Hugging Face hub, or as an artifact of a DVC project."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clipforensics.adaptation.record import RECORD
from clipforensics.core.faults import InputError
from clipforensics.core.params import nearest
from clipforensics.encoder.hub import ask_for
from clipforensics.publishing.files import VALIDATION, read_part

if TYPE_CHECKING:
    from dvc.repo import Repo

ARTIFACT = "dvc:"
CONVERTED = "conversion.json"
"""What a folder of `clipforensics convert` holds."""

WANTED = (
    "*.safetensors",
    "*.json",
    "*.onnx",
    "README.md",
    "*/*.safetensors",
    "*/*.json",
    "*/*.txt",
    "*/LICENSE",
)
"""What is fetched of a repository on the hub: tensors, settings, a face detector; nothing that runs."""

_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")


@dataclass(frozen=True)
class Place:
    """A package that was found.

    Attributes:
        name: As it was asked for.
        folder: Where it lies.
        commit: Of the hub's repository, 40 hexadecimal digits; empty elsewhere.
    """

    name: str
    folder: Path
    commit: str = ""

    @property
    def portable(self) -> bool:
        """Whether its numbers are the same on every x86-64 machine with AVX2, if kernels are pinned."""
        path = self.folder / VALIDATION
        return path.is_file() and bool(read_part(self.folder, VALIDATION).get("portable"))


def find_package(name: str, revision: str | None = None) -> Place:
    """Find a package; one on the hub is fetched into its cache.

    Args:
        name: A folder; `dvc:NAME`, an artifact that dvc.yaml names, of the project around the working folder;
            or an id of the hub (owner/name).
        revision: On the hub a commit, branch or tag (a commit alone always means the same files); of an
            artifact its version, which is fetched; None: what lies there now.

    Raises:
        InputError: there is no such package.
    """
    if name.startswith(ARTIFACT):
        return _checked(Place(name, _artifact(name.removeprefix(ARTIFACT), revision)))
    folder = Path(name).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise InputError(f"--revision {revision!r}: {name!r} is a folder, and has none; leave it out")
        return _checked(Place(name, folder))
    if not _ID.fullmatch(name):
        raise InputError(
            f"--model {name!r} is no folder, no id of the hub (owner/name) and no artifact (dvc:NAME);"
            " `dvc repro` makes packages under models/"
        )
    return _checked(_of_the_hub(name, revision or "main"))


def _checked(place: Place) -> Place:
    if not (place.folder / RECORD).is_file():
        if (place.folder / CONVERTED).is_file():
            raise InputError(
                f"--model {place.name!r} is a converted detector, which this command does not open; name the"
                " package that it was made from"
            )
        raise InputError(
            f"--model {place.name!r} is no package: it holds no {RECORD}; a package is a folder such as"
            " models/lora/grouped/FaceSwap-42"
        )
    return place


def _of_the_hub(name: str, revision: str) -> Place:
    from huggingface_hub import snapshot_download, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError

    if not isinstance(try_to_load_from_cache(name, RECORD, revision=revision), str):
        ask_for(name, revision, RECORD, setting="--model", pin="--revision")
    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=list(WANTED)))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise InputError(f"--model {name!r} cannot be fetched: {error}") from error
    return Place(name, folder, folder.name)


def _artifact(name: str, version: str | None) -> Path:
    """The folder of a DVC artifact; DVC is loaded for it alone."""
    try:
        from dvc.exceptions import DvcException
        from dvc.repo import Repo
    except ImportError as error:
        raise InputError(
            f"--model {ARTIFACT}{name} needs DVC; run `pip install 'clipforensics[pipeline]'`, or name the"
            " folder"
        ) from error
    try:
        with Repo() as repo:
            return _in_repo(repo, name, version)
    except DvcException as error:
        raise InputError(f"--model {ARTIFACT}{name}: {error}; name the folder instead") from error


def _in_repo(repo: "Repo", name: str, version: str | None) -> Path:
    """Of the version, which is fetched once into DVC's temporary folder; else what lies in the work tree."""
    if version is not None:
        out = Path(repo.tmp_dir or repo.root_dir) / "packages" / f"{name}@{version}"
        if not out.is_dir():
            part = out.with_name(f"{out.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            part.parent.mkdir(parents=True, exist_ok=True)
            repo.artifacts.download(name, version=version, out=str(part))
            part.rename(out)
        return out
    there = repo.artifacts.read().get("dvc.yaml", {})
    if name not in there:
        known = f"{nearest(name, there)}; those there are: {', '.join(there) or 'none'}"
        raise InputError(f"--model {ARTIFACT}{name}: dvc.yaml names no such artifact{known}")
    folder = Path(repo.root_dir) / there[name].path
    if not folder.is_dir():
        raise InputError(
            f"--model {ARTIFACT}{name}: {there[name].path} is not there; run `dvc pull package`, or"
            " `dvc repro`"
        )
    return folder
