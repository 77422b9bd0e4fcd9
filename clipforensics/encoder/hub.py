"""Encoders on the Hugging Face hub: in the local cache or within reach, which is said in seconds.

Its client tries five times a file, with growing pauses, before it says that it cannot connect: more than a
minute for one encoder, and never that the network is what is missing.
"""

from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from httpx2 import HTTPError
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json

CONFIG, PROCESSOR = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Weight files in the order in which transformers takes them; the second is read as tensors only."""

INDEX = "model.safetensors.index.json"
"""Stands for the weights where they are several files."""

PATIENCE = 5.0
"""Seconds for one answer of the hub."""


def is_id(name: str) -> bool:
    """Whether a name can be a repository of the hub, which is owner/name."""
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return name.count("/") == 1


def is_cached(model: str, revision: str, *, tokenizer: bool = False) -> bool:
    """Whether an encoder can be loaded without the network.

    Args:
        model: Its id on the hub.
        revision: The full hash of a commit.
        tokenizer: Whether its tokenizer is needed too.
    """
    needed = [(CONFIG,), (*WEIGHTS, INDEX)]
    if not _is_timms(model, revision):
        needed.append((PROCESSOR,))
    if tokenizer:
        needed.append(("tokenizer.json", "vocab.json"))
    return all(any(_has(model, revision, name) for name in names) for names in needed)


def _is_timms(model: str, revision: str) -> bool:
    """Whether the cached config.json is one of timm, which holds the preprocessing too."""
    path = try_to_load_from_cache(model, CONFIG, revision=revision)
    return isinstance(path, str) and "pretrained_cfg" in read_json(Path(path))


def pinned(model: str, revision: str, *, tokenizer: bool = False) -> dict[str, Any]:
    """What `from_pretrained` must be told: the commit, and not to ask the hub for what the cache has.

    Without the second, transformers asks for files that no encoder has; where there is no network, 23 s each.

    Args:
        model: Its id on the hub.
        revision: The full hash of a commit.
        tokenizer: Whether it is the tokenizer that is loaded.
    """
    return {"revision": revision, "local_files_only": is_cached(model, revision, tokenizer=tokenizer)}


def _has(model: str, revision: str, name: str) -> bool:
    return isinstance(try_to_load_from_cache(model, name, revision=revision), str)


def find_weights(model: str, revision: str) -> Path | None:
    """The weight file of an encoder: in its folder, or in the local cache; None where it is not there yet.

    Args:
        model: A folder, or an id on the hub.
        revision: On the hub the full hash of a commit.
    """
    if Path(model).is_dir():
        return next((Path(model) / name for name in WEIGHTS if (Path(model) / name).is_file()), None)
    found = (try_to_load_from_cache(model, name, revision=revision) for name in WEIGHTS)
    return next((Path(path) for path in found if isinstance(path, str)), None)


def check_reachable(model: str, revision: str) -> None:
    """Ask the hub once for an encoder that is not in the local cache.

    Args:
        model: Its id on the hub.
        revision: The full hash of a commit.

    Raises:
        InputError: the network or the hub is not there, or the hub has no such encoder, or not for everybody.
    """
    if not is_cached(model, revision):
        ask_for(model, revision, CONFIG, setting="encoder.model", pin="encoder.revision")


def ask_for(model: str, revision: str, file: str, *, setting: str, pin: str) -> None:
    """Ask the hub once for a file.

    Args:
        model: Id of a repository on the hub.
        revision: The full hash of a commit.
        file: Its name there.
        setting: What of params.yaml holds the id, for messages.
        pin: What holds the commit.

    Raises:
        InputError: the network or the hub is not there, or the hub has no such file, or not for everybody.
    """
    try:
        _ask(hf_hub_url(model, file, revision=revision))
    except GatedRepoError as error:
        raise InputError(
            f"{setting} {model!r} is open only to those who accepted its terms; accept them at"
            f" {constants.ENDPOINT}/{model} and log in (`hf auth login`)"
        ) from error
    except RepositoryNotFoundError as error:
        raise InputError(
            f"{setting} {model!r} is not on the hub ({constants.ENDPOINT}), or is private; mend the name,"
            " or log in (`hf auth login`)"
        ) from error
    except RevisionNotFoundError as error:
        raise InputError(
            f"{pin} {revision!r} is no commit of {model!r}; take one from"
            f" {constants.ENDPOINT}/{model}/commits/main"
        ) from error
    except EntryNotFoundError as error:
        raise InputError(
            f"{setting} {model!r} has no {file} at revision {revision}; choose another"
        ) from error
    except (HTTPError, OfflineModeIsEnabled, OSError) as error:
        raise InputError(_unreachable(f"{setting} {model!r}", error)) from error


def _ask(url: str) -> None:
    """One question; a name server that does not answer has no time limit of its own, so this has.

    Raises:
        TimeoutError: there was no answer in twice `PATIENCE`.
    """
    answer: Queue[Exception | None] = Queue()

    def ask() -> None:
        try:
            get_hf_file_metadata(url, timeout=PATIENCE)
        except Exception as error:  # whatever it is, it is raised below, where it is waited for
            answer.put(error)
        else:
            answer.put(None)

    Thread(target=ask, daemon=True).start()
    try:
        error = answer.get(timeout=2 * PATIENCE)
    except Empty:
        raise TimeoutError(f"no answer in {2 * PATIENCE:g} s") from None
    if error is not None:
        raise error


def _unreachable(what: str, error: Exception) -> str:
    why = f"the network does not reach {constants.ENDPOINT} ({error or type(error).__name__})"
    remedy = "connect this machine to the network (or set HF_ENDPOINT to a mirror that it reaches)"
    if isinstance(error, OfflineModeIsEnabled):
        why, remedy = "HF_HUB_OFFLINE keeps it from the network", "unset HF_HUB_OFFLINE"
    return (
        f"{what} is not in the local cache ({constants.HF_HUB_CACHE}), and {why}; {remedy},"
        " copy the cache from a machine that has it, or name a local copy"
    )
