"""Packages as strangers may have made them: sound ones, but for something that lies, or never ends."""

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.core.files import read_json
from clipforensics.detectors import effort, full, reprogramming
from clipforensics.encoder.vision import load_vision_tower
from clipforensics.training.trainer import Progress
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import bare_task, save_lora, save_probe

Damage = Callable[[Path], None]

HUB = {"model": "stranger/encoder", "revision": "0" * 40}
RATES = {"learning_rate": 0.1, "head_learning_rate": 0.1}
OTHERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "full": (full, {}),
    "effort": (effort, {"r": 2, "orthogonality_weight": 0.0, "norm_weight": 0.0}),
    "reprogramming": (reprogramming, {"mode": "pad", "border": 2}),
}
"""Modules of methods on pixels, and what their sections say beside rates."""


def write_package(folder: Path, method: str) -> Path:
    """A sound package of a method, with a drawn encoder inside, where it needs one; without digests."""
    encoder = write_encoder(folder.parent / f"{folder.name}-encoder")
    if method == "lora":
        save_lora(folder, encoder)
    elif method == "baseline":
        save_probe(folder, np.random.default_rng(3).normal(0, 8, 16), 0.0, encoder)
    else:
        _save_other(folder, encoder, method)
    if method != "full":
        shutil.copytree(encoder, folder / "encoder")
    edit(
        folder / "detector.json",
        encoder=read_json(folder / "detector.json")["encoder"] | {"model": "encoder"},
    )
    shutil.copyfile(encoder / "preprocessor_config.json", folder / "preprocessor_config.json")
    return folder


def _save_other(folder: Path, encoder: Path, method: str) -> None:
    module, section = OTHERS[method]
    settings = module.Settings(**RATES, **section)
    tower = load_vision_tower(str(encoder), "local")
    model = module.DETECTOR.adapt(tower, settings, embedding="projected", seed=1)
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    options = {"task": bare_task(encoder), "settings": settings, "counts": model_counts(model)}
    module.DETECTOR.save(model, folder, **options, progress=Progress())


def edit(path: Path, **changes: Any) -> None:
    """Other values in a JSON object; None removes a key."""
    content = read_json(path) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def says(name: str, **changes: Any) -> Damage:
    """That JSON file says something else."""
    return lambda folder: edit(folder / name, **changes)


def setting(**changes: Any) -> Damage:
    """The settings of detector.json say something else; None removes a key."""

    def damage(folder: Path) -> None:
        settings = read_json(folder / "detector.json")["settings"] | changes
        kept = {key: value for key, value in settings.items() if value is not None}
        edit(folder / "detector.json", settings=kept)

    return damage


def naming(**changes: Any) -> Damage:
    """detector.json names another encoder."""
    return lambda folder: edit(
        folder / "detector.json", encoder=read_json(folder / "detector.json")["encoder"] | changes
    )


def holds(name: str, content: str | bytes) -> Damage:
    """That file has this content."""

    def damage(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return damage


def lacks(name: str) -> Damage:
    """That file is gone."""
    return lambda folder: (folder / name).unlink()


def waits(name: str) -> Damage:
    """A pipe that nobody writes to stands in that file's place."""

    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return damage


def leads(name: str, to: str) -> Damage:
    """A link stands in that file's place."""

    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(to)

    return damage


def tensors(name: str, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Damage:
    """The tensors of that file are changed."""

    def damage(folder: Path) -> None:
        changed = {key: tensor.contiguous() for key, tensor in change(load_file(folder / name)).items()}
        save_file(changed, folder / name, metadata={"format": "pt"})

    return damage


def every(value: float) -> Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
    """Every number is this one."""
    return lambda found: {key: torch.full_like(tensor, value) for key, tensor in found.items()}


def fewer(found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The first tensor is gone."""
    return dict(list(found.items())[1:])


def claims(name: str, **shapes: tuple[int, ...]) -> Damage:
    """A file of safetensors whose head names these shapes, with a hole as long as they ask for."""

    def damage(folder: Path) -> None:
        head, end = {}, 0
        for key, shape in shapes.items():
            start, end = end, end + 4 * int(np.prod(shape, dtype=object))
            head[key.replace("__", ".")] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
        text = json.dumps(head).encode()
        with (folder / name).open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.truncate(8 + len(text) + end)

    return damage


def both(*damages: Damage) -> Damage:
    """One after the other."""

    def damage(folder: Path) -> None:
        for one in damages:
            one(folder)

    return damage


ADAPTER, CONFIG = "adapter_config.json", "encoder/config.json"
PROCESSOR = "encoder/preprocessor_config.json"
NEVER_ENDS = r"((\w|\.)+)+!"

HOSTILE: dict[str, tuple[str, Damage]] = {
    # detector.json
    "no method": ("lora", says("detector.json", method=None)),
    "a method that is a list": ("lora", says("detector.json", method=["lora"])),
    "a method that is a path": ("lora", says("detector.json", method="../../evil")),
    "no encoder": ("lora", says("detector.json", encoder=None)),
    "an encoder without embedding": (
        "lora",
        says("detector.json", encoder={"model": "encoder", "revision": "local"}),
    ),
    "an embedding that is none": ("lora", naming(embedding="spectral")),
    "no settings": ("lora", says("detector.json", settings=None)),
    "settings without rank": ("lora", setting(r=None)),
    "a rank of 10^9": ("lora", setting(r=10**9)),
    "a rank of 10^9 everywhere": ("lora", both(setting(r=10**9), says(ADAPTER, r=10**9))),
    "a rank of 10^9 that the file has": (
        "lora",
        both(
            setting(r=10**9),
            says(ADAPTER, r=10**9),
            claims(
                "adapter_model.safetensors",
                base_model__model__vision_model__encoder__layers__0__self_attn__q_proj__lora_A__weight=(
                    10**9,
                    32,
                ),
            ),
        ),
    ),
    "a record of 40 MB": (
        "lora",
        holds("detector.json", '{"method": "lora", "x": "' + "y" * 40_000_000 + '"}'),
    ),
    "a record that nests": ("lora", holds("detector.json", "[" * 100_000)),
    "a number of 10^5 digits": ("lora", holds("detector.json", '{"method": ' + "9" * 100_000 + "}")),
    # adapter_config.json
    "a regular expression that never ends": ("lora", says(ADAPTER, target_modules=NEVER_ENDS)),
    "a regular expression that leaves out": ("lora", says(ADAPTER, exclude_modules=NEVER_ENDS)),
    "a rank by regular expression": ("lora", says(ADAPTER, rank_pattern={NEVER_ENDS: 10**9})),
    "an adapter of another scale": ("lora", says(ADAPTER, lora_alpha=64)),
    "an adapter of other layers": ("lora", says(ADAPTER, target_modules=["k_proj"])),
    "an adapter of another kind": ("lora", says(ADAPTER, peft_type="IA3")),
    "an adapter that imports a module": (
        "lora",
        says(ADAPTER, megatron_config={"a": 1}, megatron_core="antigravity"),
    ),
    "an adapter that repeats layers": ("lora", says(ADAPTER, layer_replication=[[0, 2]] * 100_000)),
    "no adapter": ("lora", lacks("adapter_model.safetensors")),
    "an adapter that is a pickle": (
        "lora",
        both(lacks("adapter_model.safetensors"), holds("adapter_model.bin", b"\x80\x04K\x01.")),
    ),
    "an adapter without a tensor": ("lora", tensors("adapter_model.safetensors", fewer)),
    "an adapter of NaN": ("lora", tensors("adapter_model.safetensors", every(float("nan")))),
    "an adapter that overflows": ("lora", tensors("adapter_model.safetensors", every(3e38))),
    # encoder/config.json
    "-1 heads": ("lora", says(CONFIG, num_attention_heads=-1)),
    "no heads": ("lora", says(CONFIG, num_attention_heads=0)),
    "three heads for 32": ("lora", says(CONFIG, num_attention_heads=3)),
    "a million layers": ("lora", says(CONFIG, num_hidden_layers=10**6)),
    "400 layers": ("lora", says(CONFIG, num_hidden_layers=400)),
    "a width of 10^9": ("lora", says(CONFIG, hidden_size=10**9)),
    "a width in words": ("lora", says(CONFIG, hidden_size="many")),
    "pictures of 10^9 pixels": ("lora", says(CONFIG, image_size=10**9)),
    "patches of no pixel": ("lora", says(CONFIG, patch_size=0)),
    "a billion labels": ("lora", says(CONFIG, num_labels=10**9)),
    "weights in another file": (
        "lora",
        both(
            lambda folder: shutil.copyfile(
                folder / "encoder/model.safetensors", folder / "encoder/other.safetensors"
            ),
            says(CONFIG, transformers_weights="other.safetensors"),
        ),
    ),
    "another config for this version": ("lora", says(CONFIG, configuration_files=["config.4.0.0.json"])),
    "a quantised encoder": ("lora", says(CONFIG, quantization_config={"quant_method": "gptq", "bits": 4})),
    "layers that differ": ("lora", says(CONFIG, per_layer_config={"0": {"hidden_size": 10**9}})),
    "an activation that is none": ("lora", says(CONFIG, hidden_act="evil")),
    "a family that is none": ("lora", says(CONFIG, model_type="llama")),
    "a config that is a list": ("lora", holds(CONFIG, "[1, 2]")),
    "a config of 40 MB": ("lora", holds(CONFIG, '{"model_type": "clip", "x": "' + "y" * 40_000_000 + '"}')),
    "a timm architecture of the hub": (
        "lora",
        holds(CONFIG, '{"pretrained_cfg": {}, "architecture": "hf-hub:stranger/model"}'),
    ),
    "an encoder that is an adapter of the hub's": (
        "lora",
        holds(
            "encoder/adapter_config.json",
            '{"base_model_name_or_path": "stranger/model", "peft_type": "LORA"}',
        ),
    ),
    "an encoder with a distributed checkpoint": (
        "lora",
        lambda folder: shutil.copyfile(
            folder / "encoder/model.safetensors",
            folder / "encoder/shard-00001-model-00001-of-00001.safetensors",
        ),
    ),
    "an encoder whose head claims a terabyte": (
        "lora",
        claims("encoder/model.safetensors", visual_projection__weight=(10**6, 250_000)),
    ),
    "an encoder of NaN": ("lora", tensors("encoder/model.safetensors", every(float("nan")))),
    "an encoder without a tensor": ("lora", tensors("encoder/model.safetensors", fewer)),
    "an encoder without weights": ("lora", lacks("encoder/model.safetensors")),
    "a head of 2^40 bytes": ("lora", holds("encoder/model.safetensors", struct.pack("<Q", 2**40) + b"{}")),
    # preprocessing
    "frames of 10^6 pixels": (
        "lora",
        says(PROCESSOR, size={"shortest_edge": 10**6}, crop_size={"height": 10**6, "width": 10**6}),
    ),
    "frames resized to 10^9": ("lora", says(PROCESSOR, size={"shortest_edge": 10**9})),
    "frames of another size": (
        "lora",
        says(PROCESSOR, size={"shortest_edge": 48}, crop_size={"height": 48, "width": 48}),
    ),
    "a mean of one number": ("lora", says(PROCESSOR, image_mean=[0.5])),
    "a deviation of 0": ("lora", says(PROCESSOR, image_std=[0.0, 0.0, 0.0])),
    "a mean in words": ("lora", says(PROCESSOR, image_mean="grey")),
    # weights of other methods
    "a head of NaN": ("lora", tensors("head.safetensors", every(float("nan")))),
    "a head of another width": (
        "lora",
        tensors("head.safetensors", lambda found: {**found, "weight": torch.zeros(1, 7)}),
    ),
    "a head that is none": ("lora", tensors("head.safetensors", lambda found: {"other": torch.zeros(1)})),
    "a head of a terabyte": ("lora", claims("head.safetensors", weight=(1, 250_000_000_000), bias=(1,))),
    "a probe of NaN": ("baseline", tensors("probe.safetensors", every(float("nan")))),
    "a probe without bias": (
        "baseline",
        tensors("probe.safetensors", lambda found: {"weight": found["weight"]}),
    ),
    "a probe of a terabyte": ("baseline", claims("probe.safetensors", weight=(250_000_000_000,), bias=(1,))),
    "a probe of a matrix": (
        "baseline",
        tensors("probe.safetensors", lambda found: {**found, "weight": torch.zeros(16, 16)}),
    ),
    "a tower planted in a probe": (
        "baseline",
        lambda folder: shutil.copyfile(folder / CONFIG, folder / "config.json"),
    ),
    "effort without a factor": ("effort", tensors("trained.safetensors", fewer)),
    "effort without what was learnt": (
        "effort",
        tensors(
            "trained.safetensors", lambda found: {k: t for k, t in found.items() if not k.endswith(".u")}
        ),
    ),
    "effort of a rank of 10^9": ("effort", setting(r=10**9)),
    "a border of 10^9": ("reprogramming", setting(border=10**9)),
    "no border": ("reprogramming", tensors("trained.safetensors", fewer)),
    "a whole tower of a million layers": ("full", says("config.json", num_hidden_layers=10**6)),
    "a whole tower of NaN": ("full", tensors("model.safetensors", every(float("nan")))),
    "a whole tower that is an adapter too": (
        "full",
        holds(ADAPTER, '{"base_model_name_or_path": "stranger/model", "peft_type": "LORA"}'),
    ),
    # files that are none
    "a pipe as record": ("lora", waits("detector.json")),
    "a pipe as adapter": ("lora", waits("adapter_model.safetensors")),
    "a pipe as the adapter's config": ("lora", waits(ADAPTER)),
    "a pipe as the encoder's config": ("lora", waits(CONFIG)),
    "a pipe as the encoder's preprocessor": ("lora", waits(PROCESSOR)),
    "a pipe as the encoder's weights": ("lora", waits("encoder/model.safetensors")),
    "a pipe as another processor": ("lora", waits("encoder/processor_config.json")),
    "a pipe as head": ("lora", waits("head.safetensors")),
    "a pipe as probe": ("baseline", waits("probe.safetensors")),
    "a pipe of no name": ("lora", waits("anything")),
    "a device as the encoder's config": ("lora", leads(CONFIG, "/dev/zero")),
    "a device as record": ("lora", leads("detector.json", "/dev/zero")),
    "a folder as head": (
        "lora",
        lambda folder: ((folder / "head.safetensors").unlink(), (folder / "head.safetensors").mkdir()),
    ),
    "a link to itself": ("lora", leads("head.safetensors", "head.safetensors")),
    # an encoder elsewhere
    "an encoder on the hub": ("lora", both(naming(**HUB), lambda folder: shutil.rmtree(folder / "encoder"))),
    "an encoder of this machine": (
        "lora",
        both(naming(model="/etc", revision="local"), lambda folder: shutil.rmtree(folder / "encoder")),
    ),
}
"""Name -> the method of the package, and what is wrong with it."""
