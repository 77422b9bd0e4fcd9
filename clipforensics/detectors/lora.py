"""LoRA: low-rank updates of CLIP's vision tower with a linear head (arXiv 2106.09685, as in peft)."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionModelWithProjection

from clipforensics.devices import choose_device, choose_dtype, compute_deterministically
from clipforensics.embeddings import EmbeddingStore
from clipforensics.encoder import (
    Embedding,
    Preprocessing,
    embed_pixels,
    embedding_width,
    load_preprocessing,
    load_vision_tower,
)
from clipforensics.faults import InputError
from clipforensics.files import read_json, write_json
from clipforensics.frames import FrameStore
from clipforensics.rows import Labelled
from clipforensics.selection import Validation
from clipforensics.training import Progress, Schedule, Trainer, class_weights

SCORE_BATCH = 64


class LoraDetector(torch.nn.Module):
    """Vision tower with LoRA, and one linear unit on its embedding: pixels -> log odds.

    The head reads the embedding scaled to length sqrt(d), so that its entries are of order 1
    whatever the encoder: log odds = w . (sqrt(d) e / |e|) + b.

    Attributes:
        tower: peft's model around the frozen tower; base weights never move.
        head: Linear (d -> 1), starts at zero: the untrained detector scores .5 everywhere.
    """

    def __init__(self, tower: PeftModel, embedding: Embedding) -> None:
        super().__init__()
        base = cast(CLIPVisionModelWithProjection, tower.get_base_model())
        self.tower, self.embedding = tower, embedding
        self.head = torch.nn.Linear(embedding_width(base, embedding), 1)
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 (n, 3, s, s) -> log odds (n,) of being manipulated."""
        base = cast(CLIPVisionModelWithProjection, self.tower.get_base_model())
        features = embed_pixels(base, pixels, self.embedding)
        return self.head(torch.nn.functional.normalize(features, dim=-1) * features.shape[-1] ** 0.5).squeeze(
            -1
        )


def build(
    tower: CLIPVisionModelWithProjection,
    *,
    r: int,
    alpha: float,
    dropout: float,
    target_modules: Sequence[str],
    embedding: Embedding,
    seed: int,
) -> LoraDetector:
    """Put LoRA into a frozen tower; B starts at zero, so the first output is the encoder's own.

    Args:
        tower: As `encoder.load_vision_tower` gives it; changed in place.
        r: Rank.
        alpha: Scale: the update is (alpha / r) B A.
        dropout: On LoRA's input, in [0, 1).
        target_modules: Names of linear layers, for instance q_proj and k_proj.
        embedding: What the head reads.
        seed: Of A's initial values.

    Raises:
        InputError: a name in `target_modules` is no linear layer of the tower, or learns nothing.
    """
    names = {name.rsplit(".", 1)[-1] for name, m in tower.named_modules() if isinstance(m, torch.nn.Linear)}
    unknown = sorted(set(target_modules) - names)
    if unknown:
        raise InputError(
            f"train_lora.target_modules: {unknown} are no linear layers of the encoder;"
            f" it has {sorted(names)}"
        )
    if embedding == "pooled" and "visual_projection" in target_modules:
        raise InputError(
            "train_lora.target_modules: visual_projection comes after the pooled embedding and would never"
            " learn; remove it, or set encoder.embedding to projected"
        )
    torch.manual_seed(seed)
    config = LoraConfig(
        r=r,
        lora_alpha=alpha,  # type: ignore[arg-type]
        lora_dropout=dropout,
        target_modules=sorted(target_modules),
        bias="none",
    )
    with warnings.catch_warnings():  # peft 0.21 asks transformers 5.23 for an attribute by its old name
        warnings.simplefilter("ignore", FutureWarning)
        adapted = cast(PeftModel, get_peft_model(tower, config))
    return LoraDetector(adapted, embedding)


def fit(
    frames: FrameStore,
    train: Labelled,
    val: Labelled,
    *,
    tower: CLIPVisionModelWithProjection,
    preprocessing: Preprocessing,
    embedding: Embedding,
    seed: int,
    state: Path,
    r: int,
    alpha: float,
    dropout: float,
    target_modules: Sequence[str],
    class_weight: str,
    precision: str,
    **schedule: Any,
) -> tuple[LoraDetector, Progress]:
    """Train on stored frames; the weights kept are those of the epoch best on validation.

    Args:
        frames: The frame store.
        train: Rows to train on.
        val: Rows to choose on.
        tower: The frozen encoder; changed in place.
        preprocessing: The encoder's own.
        embedding: What the head reads.
        seed: Of LoRA's initial values, of every draw and of dropout.
        state: Scratch file; a killed run that finds it goes on from its last epoch.
        r: Rank; `alpha`, `dropout`, `target_modules` as in `build`.
        alpha: See `build`.
        dropout: See `build`.
        target_modules: See `build`.
        class_weight: `balanced` or `none`, as in `training.class_weights`.
        precision: As in `devices.choose_dtype`.
        **schedule: The other fields of `training.Schedule`.

    Returns:
        The detector in evaluation mode, and how training went.
    """
    device = choose_device()
    dtype = choose_dtype(precision, device)
    detector = build(
        tower,
        r=r,
        alpha=alpha,
        dropout=dropout,
        target_modules=target_modules,
        embedding=embedding,
        seed=seed,
    ).to(device)
    print(parameter_line(count_parameters(detector)), flush=True)
    validation = Validation(val.labels, val.videos)
    video_labels = train.table["label"].to_numpy(dtype=np.int64)
    trainer = Trainer(
        detector,
        head="head.",
        pixels=lambda rows: preprocessing.pixels(frames.read(rows), device),
        validate=lambda: validation.rank(score_rows(detector, frames, val.rows, preprocessing, dtype=dtype)),
        schedule=Schedule(seed=seed, **schedule),
        weights=class_weights(video_labels, class_weight),
        dtype=dtype,
        state=state,
    )
    progress = trainer.fit(train.spans, video_labels)
    return detector.eval(), progress


def count_parameters(detector: LoraDetector) -> dict[str, int]:
    """Parameters as peft counts them (`trainable`, `all`: tower with adapter), the head's apart."""
    trainable, everything = detector.tower.get_nb_trainable_parameters()
    head = sum(p.numel() for p in detector.head.parameters())
    return {"trainable": trainable, "all": everything, "head": head}


def parameter_line(counts: dict[str, int]) -> str:
    """The line that peft prints, with the head's count apart."""
    trainable, everything = counts["trainable"], counts["all"]
    share = 100 * trainable / everything
    line = f"trainable params: {trainable:,d} || all params: {everything:,d} || trainable%: {share:.4f}"
    return f"{line} (and the head's {counts['head']:,d})"


@torch.inference_mode()
def score_rows(
    detector: LoraDetector,
    frames: FrameStore,
    rows: np.ndarray,
    preprocessing: Preprocessing,
    *,
    dtype: torch.dtype = torch.float32,
) -> np.ndarray:
    """Scores float64 (n,) in [0, 1] of stored frames; the detector must be in evaluation mode."""
    device = detector.head.weight.device
    parts = []
    for start in range(0, len(rows), SCORE_BATCH):
        pixels = preprocessing.pixels(frames.read(rows[start : start + SCORE_BATCH]), device)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            logits = detector(pixels)
        parts.append(torch.sigmoid(logits.double()).cpu().numpy())
    return np.concatenate(parts) if parts else np.empty(0)


def save(detector: LoraDetector, folder: Path, *, base: Mapping[str, str], progress: Progress) -> None:
    """Write the adapter in peft's own format, head.safetensors and detector.json.

    peft writes the set of target modules in the order of a hash table; it is sorted here, so
    that two equal runs write equal files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    detector.tower.save_pretrained(str(folder), safe_serialization=True)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    path = folder / "adapter_config.json"
    config = read_json(path)
    write_json(path, {**config, "target_modules": sorted(config["target_modules"])})
    head = {name: tensor.detach().cpu().contiguous() for name, tensor in detector.head.state_dict().items()}
    save_file(head, folder / "head.safetensors")
    counts = count_parameters(detector)
    about = {
        "encoder": dict(base),
        "parameters": {**counts, "line": parameter_line(counts)},
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "validation": dict(zip(("video_auc", "frame_auc"), progress.best_rank, strict=True)),
    }
    write_json(folder / "detector.json", about)


def load(folder: Path, *, frame_size: int, merged: bool = False) -> tuple[LoraDetector, Preprocessing]:
    """Read what `save` wrote, onto the encoder it names, in evaluation mode on the chosen device.

    Args:
        folder: Where it was saved.
        frame_size: Side of the stored frames.
        merged: Whether LoRA's updates are added to the weights: a forward then costs what the encoder's
            own costs, and gives the same log odds up to the rounding of float32.
    """
    about = read_json(folder / "detector.json")
    encoder = about["encoder"]
    tower = load_vision_tower(encoder["model"], encoder["revision"])
    preprocessing = load_preprocessing(encoder["model"], encoder["revision"], frame_size=frame_size)
    with warnings.catch_warnings():  # as in `build`
        warnings.simplefilter("ignore", FutureWarning)
        adapted = PeftModel.from_pretrained(tower, str(folder))
    if merged:
        adapted.merge_adapter()
    detector = LoraDetector(adapted, encoder["embedding"])
    detector.head.load_state_dict(load_file(folder / "head.safetensors"))
    return detector.to(choose_device()).eval(), preprocessing


def score(folder: Path, rows: np.ndarray, *, frames: FrameStore, embeddings: EmbeddingStore) -> np.ndarray:
    """Score stored frames with the detector saved in `folder`, in float32; reads their pixels only."""
    del embeddings  # the contract hands every detector both stores
    compute_deterministically(seed=0)
    detector, preprocessing = load(folder, frame_size=frames.size, merged=True)
    return score_rows(detector, frames, rows, preprocessing)


def log_odds(
    folder: Path, *, encoder: Mapping[str, str], frame_size: int
) -> tuple[LoraDetector, Preprocessing, CLIPVisionModelWithProjection]:
    """The detector itself, whose tower has LoRA inside; see `detectors.base`."""
    del encoder  # the folder names the encoder that it was trained on
    compute_deterministically(seed=0)
    detector, preprocessing = load(folder, frame_size=frame_size)
    return detector, preprocessing, cast(CLIPVisionModelWithProjection, detector.tower.get_base_model())
