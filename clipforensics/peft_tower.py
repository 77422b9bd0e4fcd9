"""A tower with one of peft's adapters inside: made, written in peft's own format, and read back."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from peft import PeftConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel

from clipforensics.files import read_json, write_json


def put_inside(tower: PreTrainedModel, config: PeftConfig) -> PeftModel:
    """The frozen tower, changed in place, with an adapter that trains."""
    with _needless_warnings():
        return cast(PeftModel, get_peft_model(tower, config))


def write_adapter(tower: PeftModel, folder: Path) -> None:
    """Write the adapter as peft does; `PeftModel.from_pretrained` reads it anywhere.

    peft writes the set of target modules in the order of a hash table; it is sorted here, so that two equal
    runs write equal files.
    """
    tower.save_pretrained(str(folder), safe_serialization=True)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    path = folder / "adapter_config.json"
    config = read_json(path)
    write_json(path, {**config, "target_modules": sorted(config["target_modules"])})


def read_adapter(tower: PreTrainedModel, folder: Path) -> PeftModel:
    """Put what `write_adapter` wrote inside a tower, frozen."""
    with _needless_warnings():
        return PeftModel.from_pretrained(tower, str(folder))


@contextmanager
def _needless_warnings() -> Iterator[None]:
    """Silence peft 0.21: it asks transformers 5.23 for an old name, and each LayerNorm for its width."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", message="Unsupported layer type", category=UserWarning)
        yield
