"""Code that loads a package, by what lies in it; what a method says of itself (`usage`) comes first."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import safe_open

from clipforensics.adaptation.record import CHOICES, RECORD, Usage

HEAD, TRAINED = "head.safetensors", "trained.safetensors"
ADAPTER, CONFIG = "adapter_config.json", "config.json"

PLAIN = re.compile(
    r"tower\.(visual_projection\.weight|vision_model\.(embeddings\.class_embedding"
    r"|embeddings\.(patch|position)_embedding\.weight|(pre_layrnorm|post_layernorm)\.(weight|bias)"
    r"|encoder\.layers\.\d+\.(layer_norm[12]|self_attn\.(q|k|v|out)_proj|mlp\.fc[12])\.(weight|bias)))"
)
"""Names of a CLIP vision tower's own tensors, as `pixel_method` saves them."""

OF_TOWER = re.compile(r"tower\.[\w.]+")
"""Of a tower of another family, which detector.json describes: that none is new, loading itself checks."""

READ_HEAD = f'head = load_file(folder / "{HEAD}")'
APPLY_HEAD = '(embedding * embedding.shape[-1] ** 0.5) @ head["weight"][0] + head["bias"]'
READ_ADAPTER = "tower = PeftModel.from_pretrained(tower, folder).eval()"
READ_TRAINED = (
    f'trained = load_file(folder / "{TRAINED}")',
    'trained = {name.removeprefix("tower."): tensor for name, tensor in trained.items()}',
    "assert not tower.load_state_dict(trained, strict=False).unexpected_keys",
)


@dataclass(frozen=True)
class Loading:
    """How one package is loaded.

    Attributes:
        kind: `peft` (an adapter), `tower` (a whole vision tower), `tensors` (some of a tower's), `linear` (a
            unit on the embedding), `usage` (as the method says), `library` (with this library only).
        library: What the hub shall call it: peft, transformers or clipforensics.
        usage: Pieces of the code; None for `library`.
    """

    kind: str
    library: str
    usage: Usage | None

    @property
    def needs_encoder(self) -> bool:
        """Whether the encoder's own weights are loaded beside it."""
        return self.kind != "tower"


def find_loading(folder: Path, about: dict[str, Any]) -> Loading:
    """Tell from a folder of trained weights and its detector.json how it is loaded."""
    found = _by_files(folder, about)
    if found.usage is None or found.usage.log_odds:
        return found
    usage = replace(found.usage, setup=(*found.usage.setup, READ_HEAD), log_odds=APPLY_HEAD)
    return replace(found, usage=usage)


def _by_files(folder: Path, about: dict[str, Any]) -> Loading:
    if "usage" in about:
        said = about["usage"]
        return Loading("usage", "transformers", Usage(**{**said, "setup": tuple(said["setup"])}))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {CHOICES}
    if {ADAPTER, HEAD} <= files:
        return Loading("peft", "peft", Usage(setup=(READ_ADAPTER,)))
    if {CONFIG, HEAD} <= files:
        return Loading("tower", "transformers", Usage())
    plain = OF_TOWER if "tower" in about else PLAIN
    if files == {RECORD, HEAD, TRAINED} and all(map(plain.fullmatch, _shapes(folder / TRAINED))):
        return Loading("tensors", "transformers", Usage(setup=READ_TRAINED))
    unit = _linear_unit(folder, files)
    if unit:
        read = f'unit = load_file(folder / "{unit}")'
        log_odds = 'embedding.double() @ unit["weight"].double() + unit["bias"].double()'
        return Loading("linear", "transformers", Usage(setup=(read,), log_odds=log_odds))
    return Loading("library", "clipforensics", None)


def _linear_unit(folder: Path, files: set[str]) -> str | None:
    """The one file beside detector.json, if it holds a weight (d,) and a bias (1,) and nothing else."""
    others = sorted(files - {RECORD})
    if len(others) != 1 or not others[0].endswith(".safetensors"):
        return None
    shapes = _shapes(folder / others[0])
    is_unit = set(shapes) == {"weight", "bias"} and len(shapes["weight"]) == 1 and shapes["bias"] == [1]
    return others[0] if is_unit else None


def _shapes(path: Path) -> dict[str, list[int]]:
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
