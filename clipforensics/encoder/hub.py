"""Encoders on the Hugging Face hub: in the local cache or within reach, which is said in seconds.

Its client tries five times a file, with growing pauses, before it says that it cannot connect: more than a
minute for one encoder, and never that the network is what is missing.
"""

from pathlib import Path

from httpx2 import HTTPError
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from clipforensics.core.faults import InputError

CONFIG, PROCESSOR = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Weight files in the order in which transformers takes them; the second is read as tensors only."""

PATIENCE = 5.0
"""Seconds for one answer of the hub."""


def is_cached(model: str, revision: str) -> bool:
    """Whether an encoder can be loaded without the network.

    Args:
        model: Its id on the hub.
        revision: The full hash of a commit.
    """
    names = (CONFIG, PROCESSOR)
    return all(map(lambda name: find_cached(model, revision, name), names)) and any(
        find_cached(model, revision, name) for name in WEIGHTS
    )


def find_cached(model: str, revision: str, name: str) -> Path | None:
    """One of its files in the local cache, or None."""
    found = try_to_load_from_cache(model, name, revision=revision)
    return Path(found) if isinstance(found, str) else None


def check_reachable(model: str, revision: str) -> None:
    """Ask the hub once for an encoder that is not in the local cache.

    Args:
        model: Its id on the hub.
        revision: The full hash of a commit.

    Raises:
        InputError: the network or the hub is not there, or the hub has no such encoder, or not for everybody.
    """
    if is_cached(model, revision):
        return
    try:
        get_hf_file_metadata(hf_hub_url(model, CONFIG, revision=revision), timeout=PATIENCE)
    except GatedRepoError as error:
        raise InputError(
            f"encoder.model {model!r} is open only to those who accepted its terms; accept them at"
            f" {constants.ENDPOINT}/{model} and log in (`hf auth login`)"
        ) from error
    except RepositoryNotFoundError as error:
        raise InputError(
            f"encoder.model {model!r} is not on the hub ({constants.ENDPOINT}), or is private; mend the name,"
            " or log in (`hf auth login`)"
        ) from error
    except RevisionNotFoundError as error:
        raise InputError(
            f"encoder.revision {revision!r} is no commit of {model!r}; take one from"
            f" {constants.ENDPOINT}/{model}/commits/main"
        ) from error
    except EntryNotFoundError as error:
        raise InputError(
            f"encoder.model {model!r} has no {CONFIG} at revision {revision}; choose a CLIP"
        ) from error
    except (HTTPError, OfflineModeIsEnabled, OSError) as error:
        raise InputError(_unreachable(model, error)) from error


def _unreachable(model: str, error: Exception) -> str:
    why = f"the network does not reach {constants.ENDPOINT} ({error or type(error).__name__})"
    remedy = "connect this machine to the network (or set HF_ENDPOINT to a mirror that it reaches)"
    if isinstance(error, OfflineModeIsEnabled):
        why, remedy = "HF_HUB_OFFLINE keeps it from the network", "unset HF_HUB_OFFLINE"
    return (
        f"encoder.model {model!r} is not in the local cache ({constants.HF_HUB_CACHE}), and {why}; {remedy},"
        " copy the cache from a machine that has it, or name a folder that holds the encoder"
    )
