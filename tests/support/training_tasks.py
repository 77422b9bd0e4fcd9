"""A handful of frames, a CLIP of two towers with its tokenizer, a budget: what any method can be tried on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from clipforensics.adaptation.contract import Detector, find_detector
from clipforensics.core.params import check_section
from clipforensics.encoder import vision as encoder
from clipforensics.encoder.embedding import embed_frames
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.machine.kept import Kept
from clipforensics.sample.tokenizer import BOS, EOS, learn_vocabulary
from clipforensics.training.budget import TrainSection
from clipforensics.training.task import Task
from clipforensics.training.validation import Validation
from tests.support.repository import ROOT, merge
from tests.support.stores import labelled_table, noise_videos, write_frame_store

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
SIZE, WIDTH, N_BLOCKS, PROJECTION = 64, 32, 3, 16
QUICK = {
    "pixels": {
        "epochs": 3,
        "patience": 3,
        "batch_size": 8,
        "micro_batch_size": 4,
        "frames_per_video": 2,
        "precision": "float32",
    },
    "embeddings": {"epochs": 4, "patience": 4, "batch_size": 64},
}


def write_two_towers(folder: Path, *, seed: int = 0) -> Path:
    """A random CLIP with both towers, tokenizer and preprocessor, as a hub snapshot lies on disk."""
    torch.manual_seed(seed)
    vocabulary, merges = learn_vocabulary(["a photo of a real fake manipulated face of person"])
    words = {"unk_token": EOS, "bos_token": BOS, "eos_token": EOS, "pad_token": EOS}
    tokenizer = CLIPTokenizer(vocabulary, merges, **words, model_max_length=48)
    shape = {"num_attention_heads": 2, "projection_dim": PROJECTION}
    text = {
        **shape,
        "vocab_size": len(tokenizer),
        "hidden_size": 24,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "max_position_embeddings": 48,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {
        **shape,
        "hidden_size": WIDTH,
        "intermediate_size": 64,
        "num_hidden_layers": N_BLOCKS,
        "image_size": SIZE,
        "patch_size": 16,
    }
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=PROJECTION))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size=SIZE).save_pretrained(folder)
    return folder


def shipped_settings(name: str, **changes: Any) -> Any:
    """A method's section of params.yaml, as it is shipped but for `changes`."""
    return check_section({**PARAMS["methods"][name], **changes}, find_detector(name).settings, name)


def shipped_budget(changes: Mapping[str, Any] = QUICK) -> TrainSection:
    """Section `train` as it is shipped but for `changes`."""
    return check_section(merge(PARAMS["train"], dict(changes)), TrainSection, "train")


@dataclass(frozen=True)
class Bench:
    """Stores of ten videos and an encoder, from which tasks are made.

    Attributes:
        task: Six videos to train on, four to choose on.
        everything: Rows of all frames.
    """

    task: Task
    everything: np.ndarray

    @classmethod
    def make(
        cls,
        folder: Path,
        *,
        embedding: str = "projected",
        write: Callable[[Path], Path] = write_two_towers,
    ) -> "Bench":
        """Frames are noise, so they may be said to be fitted as the encoder wants them."""
        model = {"model": str(write(folder / "encoder")), "revision": "local"}
        tower = encoder.load_vision_tower(**model)
        preprocessing = encoder.load_preprocessing(**model, fitting=None)
        videos = noise_videos(10, size=SIZE, shift=20)
        frames = write_frame_store(folder / "frames", videos, fitting=preprocessing.fitting)

        @torch.inference_mode()
        def embed(batch: np.ndarray) -> np.ndarray:
            pixels = preprocessing.pixels(batch, torch.device("cpu"))
            return encoder.embed_pixels(tower, pixels, embedding).numpy()

        width = encoder.embedding_width(tower, embedding)
        described = encoder.record_of_tower(**model, embedding=embedding)
        meta = {"tower": described} if described else {}
        options = {"width": width, "batch_size": 64, "kept": Kept(folder / "kept", ""), "meta": meta}
        embed_frames(frames, embed, folder / "embeddings", **options)
        table = labelled_table(10)
        numbers = [str(i // 2) for i in range(10)]
        table = table.assign(target=numbers, source=[f"{n}s" if i % 2 else n for i, n in enumerate(numbers)])
        train, val = (frames.rows.labelled(part) for part in (table[:6], table[6:]))
        about = {**model, "embedding": embedding}
        store = EmbeddingStore(folder / "embeddings")
        task = Task(frames, store, train, val, about, shipped_budget(), 3, folder / "work")
        return cls(task, np.arange(len(frames)))

    @property
    def encoder(self) -> dict[str, Any]:
        """What `expected_parameters` is given."""
        return encoder_fields(self.task.encoder)


def encoder_fields(about: Mapping[str, str]) -> dict[str, Any]:
    """Fields of both towers' configs, as `Detector.expected_parameters` wants them."""
    content = encoder.load_config(about["model"], about["revision"])
    family = encoder.find_family(about["model"], about["revision"])
    kept = {"model_type": family.model_types[-1]}
    towers = {"vision": {**content.get("vision_config", content), **kept}, "text": None}
    if "clip" in family.model_types and "text_config" in content:
        towers["text"] = CLIPConfig.from_pretrained(about["model"]).text_config.to_dict()
    width = family.shape(content).widths[about["embedding"]]
    side = encoder.load_preprocessing(about["model"], about["revision"], fitting=None).size
    return {**towers, "embedding": about["embedding"], "width": width, "frame_side": side}


def files_of(folder: Path) -> dict[str, bytes]:
    """Name to content of all files below a folder."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def detector(name: str) -> Detector:
    """The method of that name."""
    return find_detector(name)


@contextmanager
def killed_after_one_epoch() -> Iterator[None]:
    """Whatever trains inside is interrupted as its second epoch is ranked, and the block expects it."""
    rank, calls = Validation.rank, []

    def dies(self: Validation, scores: np.ndarray) -> tuple[float, float]:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rank(self, scores)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Validation, "rank", dies)
        with pytest.raises(KeyboardInterrupt):
            yield
