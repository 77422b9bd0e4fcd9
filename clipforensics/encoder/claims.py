"""What the files of an encoder claim, looked into before anything is built or loaded: they may lie."""

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_regular
from clipforensics.encoder.families.shape import Shape
from clipforensics.encoder.hub import CONFIG, PROCESSOR, WEIGHTS
from clipforensics.encoder.tensor_file import check_room, count_numbers, tensor_shapes

READ = (CONFIG, PROCESSOR, "processor_config.json")
"""What transformers reads as JSON to load a tower and its preprocessing."""

MOST_BYTES = 2**23
"""Of one of `READ`; a config.json with 21,841 labels has a tenth of it."""

TAKEN_INSTEAD = re.compile(r"adapter_config\.json|shard-\d{5}-model-\d{5}-of-\d{5}\.safetensors")
"""Files that make transformers take other weights than those whose digest was checked."""

STEERING = (
    "transformers_weights",
    "configuration_files",
    "quantization_config",
    "compression_config",
    "fusion_config",
    "per_layer_config",
    "distributed_config",
)
"""Keys of a config.json by which transformers takes other files, or builds other layers than it says."""

BOUNDS: Mapping[str, tuple[int, int]] = {
    "hidden_size": (1, 2**15),
    "intermediate_size": (1, 2**17),
    "num_hidden_layers": (1, 2**9),
    "num_attention_heads": (1, 2**9),
    "num_channels": (1, 16),
    "image_size": (1, 2**12),
    "patch_size": (1, 2**9),
    "projection_dim": (1, 2**15),
    "num_register_tokens": (0, 2**10),
    "num_labels": (0, 2**16),
}
"""Least and most of whole numbers; the largest towers there are have 48 layers and a width of 4096."""

OF_TIMM = re.compile(r"[a-z0-9_]+")
"""An architecture by its name alone: others are fetched from where they name."""

NOT_OF_TIMM = ("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir")
"""Arguments by which timm would load other weights."""

MOST_OF_TIMM = 2**15


def check_files(folder: Path) -> None:
    """Look at the files of an encoder that lies in a folder.

    Raises:
        InputError: what is read is no regular file or far too large, or something there would be taken for
            other weights.
    """
    for path in sorted(folder.iterdir()):
        if TAKEN_INSTEAD.fullmatch(path.name):
            raise InputError(
                f"encoder.model {str(folder)!r} holds {path.name}, by which transformers takes other weights;"
                " remove it, or give a folder with the encoder alone"
            )
        if path.name in READ and "configuration_files" in read_small(path):
            raise InputError(f"{path} names another file in its place (configuration_files); give that one")
    for name in WEIGHTS:
        if (folder / name).exists() and not (folder / name).is_file():
            raise InputError(f"{folder / name} is no regular file; copy the encoder again")


def read_small(path: Path) -> dict[str, Any]:
    """A JSON file of an encoder, which holds an object.

    Raises:
        InputError: it is no regular file, too large, not JSON, or holds something else.
    """
    try:
        with open_regular(path) as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise InputError(f"{path} has more than {MOST_BYTES} bytes; copy the encoder again")
        content = json.loads(text.decode("utf-8"))
    except (OSError, RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"encoder: {path} cannot be read ({reason}); copy the encoder again") from error
    if not isinstance(content, dict):
        raise InputError(f"encoder: {path} must hold an object; copy the encoder again")
    return content


def check_config(model: str, content: Mapping[str, Any]) -> None:
    """Look at a config.json, of a whole checkpoint or of a tower alone.

    Args:
        model: Where it comes from, for messages.
        content: Of the file.

    Raises:
        InputError: a size is none, or so large that no tower has it; a key makes transformers take other
            files or build other layers.
    """
    parts = {"": content}
    for name in ("vision_config", "text_config"):
        if isinstance(part := content.get(name), Mapping):
            parts[f"{name}."] = part
        elif part is not None:
            raise InputError(f"encoder.model {model!r}: {name} of its config.json is no object")
    for place, part in parts.items():
        for key in STEERING:
            if part.get(key) is not None:
                raise InputError(
                    f"encoder.model {model!r}: `{place}{key}` in its config.json would load another tower"
                    " than its weight file holds; give one without it"
                )
        _check_sizes(model, place, part)
    if "pretrained_cfg" in content:
        _check_timm(model, content)


def _check_sizes(model: str, place: str, part: Mapping[str, Any]) -> None:
    for key, (least, most) in BOUNDS.items():
        value = part.get(key)
        if value is not None and not (type(value) is int and least <= value <= most):
            raise InputError(
                f"encoder.model {model!r}: `{place}{key}` in its config.json must be a whole number from"
                f" {least} to {most}, is {str(value)[:40]!r}; copy the encoder again"
            )
    width, heads = part.get("hidden_size"), part.get("num_attention_heads")
    if width and heads and width % heads:
        raise InputError(
            f"encoder.model {model!r}: {width} (`{place}hidden_size`) is no multiple of {heads}"
            " (`num_attention_heads`); copy the encoder again"
        )


def _check_timm(model: str, content: Mapping[str, Any]) -> None:
    architecture, arguments = content.get("architecture"), content.get("model_args") or {}
    sound = isinstance(architecture, str) and OF_TIMM.fullmatch(architecture)
    if not sound or not isinstance(arguments, Mapping) or set(arguments) & set(NOT_OF_TIMM):
        raise InputError(
            f"encoder.model {model!r}: its config.json must name one of timm's own architectures, with no"
            f" weights of its own, and has {str(architecture)[:80]!r}; choose another encoder"
        )
    values = [one for value in arguments.values() for one in (value if isinstance(value, list) else [value])]
    large = [value for value in values if isinstance(value, int | float) and not abs(value) <= MOST_OF_TIMM]
    depth = arguments.get("depth", 1)
    if large or not isinstance(depth, int) or depth > BOUNDS["num_hidden_layers"][1]:
        raise InputError(
            f"encoder.model {model!r}: model_args of its config.json hold {(large or [depth])[0]!r}, and no"
            " tower is so large; copy the encoder again"
        )


def check_weights(path: Path, shape: Shape) -> None:
    """Look at a weight file: it must hold as many numbers as its config.json claims, and memory as many.

    Args:
        path: The file.
        shape: Of the tower by its config.json.

    Raises:
        InputError: it does not.
    """
    claimed = shape.parameters
    if path.suffix == ".safetensors":
        held = count_numbers(tensor_shapes(path))
    else:
        _check_stored(path)
        held = path.stat().st_size // 2  # of two bytes at least
    if claimed > held:
        raise InputError(
            f"encoder: {path} holds {held:,} numbers, and config.json beside it claims {claimed:,} in"
            f" {shape.layers:,} blocks of width {shape.width:,}; one of the two is another encoder's"
        )
    check_room(held, str(path))


def _check_stored(path: Path) -> None:
    """Raise InputError if a weight file is an archive that unfolds to more than it has bytes."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if any(one.compress_type != zipfile.ZIP_STORED for one in archive.infolist()):
            raise InputError(f"encoder: {path} is compressed, as torch writes none; do not use it")
