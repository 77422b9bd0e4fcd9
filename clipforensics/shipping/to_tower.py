"""A package as a plain vision tower with a linear head, which transformers loads by itself."""

from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file, save_file

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.pixel_method import HEAD
from clipforensics.adaptation.record import RECORD
from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.encoder.vision import Embedding, load_preprocessing, load_vision_tower, record_of_tower
from clipforensics.publishing.digests import digest
from clipforensics.publishing.files import CARD, DIGESTS, PREPROCESSOR
from clipforensics.publishing.sentences import PLAIN
from clipforensics.shipping.agreement import Agreement, agreement, as_log_odds, made_up_pixels
from clipforensics.shipping.card import converted_card, made_of, read_beside, section, tower_code
from clipforensics.shipping.contents import CONVERSION
from clipforensics.shipping.record import conversion, take_along
from clipforensics.shipping.trained import Trained, check_foldable, fold, open_trained

TOLERANCE = 1e-5
"""Of scores."""

PACKAGES = ("torch", "transformers", "safetensors")


def convert(package: Path, out: Path, encoder: Path | None = None, *, fetch: bool = False) -> list[str]:
    """Write the tower, the head and what stands beside them.

    Args:
        package: The folder.
        out: An empty folder.
        encoder: Folder of its encoder, where that is neither in the package nor on the hub.
        fetch: Whether an encoder that the package names on the hub may be fetched from there.

    Returns:
        What to say of it, in lines.

    Raises:
        InputError: the method changes more than the tower's weights, or the scores are not the package's.
    """
    trained = open_trained(package, encoder, fetch=fetch)
    check_foldable(trained)
    pixels = made_up_pixels(trained.preprocessing)
    expected = as_log_odds(trained.module)(pixels)
    module = cast(AdaptedEncoder, fold(trained))
    module.base.save_pretrained(out)
    head = {name: tensor.contiguous() for name, tensor in module.head.state_dict().items()}
    save_file(head, out / HEAD)
    take_along(package, out, [PREPROCESSOR])
    found = agreement(as_log_odds(read_plain(out, module.embedding)), expected, pixels)
    if not found.scores <= TOLERANCE:
        raise InputError(
            f"{package}: {found.words}, and {TOLERANCE:g} is allowed of scores, so the tower is not kept;"
            " score with the package itself"
        )
    _write_beside(trained, out, found)
    name = type(module.base).__name__
    return [f"{trained.name} as a plain {name} and a linear head; {found.words}"]


def read_plain(folder: Path, embedding: Embedding) -> torch.nn.Module:
    """What `convert` wrote, read back without peft or the package."""
    load_preprocessing(str(folder), "local", fitting=None)  # that it has one
    module = AdaptedEncoder(load_vision_tower(str(folder), "local"), embedding)
    module.head.load_state_dict(load_file(folder / HEAD))
    return module.eval()


def _write_beside(trained: Trained, out: Path, found: Agreement) -> None:
    """Everything but the weights."""
    write_json(out / CONVERSION, conversion(trained, "merged", found, PACKAGES))
    point, frames = read_beside(out)
    embedding = cast(AdaptedEncoder, trained.module).embedding
    text = section(
        made_of("merged", digest(trained.folder / RECORD)),
        PLAIN,
        tower_code(record_of_tower(str(out), "local", embedding), embedding, point, frames),
        frames=frames,
        checked=found.words,
        files=sorted([DIGESTS, *(path.name for path in out.iterdir())]),
    )
    (out / CARD).write_text(converted_card(trained.folder, text, "transformers"), encoding="utf-8")
