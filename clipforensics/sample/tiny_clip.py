"""Train a tiny CLIP on rendered faces and save it in Hugging Face's format.

A toy encoder: it lets every later stage run as it would with a real CLIP, in seconds and
without a download. Its numbers show the machinery, not science.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from clipforensics.core.faults import InputError
from clipforensics.sample.pictures import Captioned
from clipforensics.sample.tokenizer import BOS, EOS, learn_vocabulary

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import CLIPModel, CLIPProcessor

NOTE = "a toy encoder: shows the machinery, not science"
_MAX_TOKENS = 48


def train_tiny_clip(
    folder: Path,
    pictures: Sequence[Captioned],
    *,
    seed: int,
    steps: int,
    batch_size: int,
    learning_rate: float,
    image_size: int,
    patch_size: int,
    hidden_size: int,
    n_layers: int,
    n_heads: int,
    projection: int,
) -> dict[str, float | int | str]:
    """Train both towers with CLIP's contrastive loss and write the folder a hub snapshot would be.

    It computes in one thread, so the result is the same on any number of processors.

    Args:
        folder: Receives config.json, model.safetensors, tokenizer and preprocessor files, and
            training.json; appears only once complete.
        pictures: At least 16, of side `image_size`, from `pictures.render_pictures`: people who
            are in no video, unmanipulated but partly under a photo filter, and captions that
            say so. An eighth (at most 256) is held out to measure retrieval.
        seed: Of the starting weights and of the batches.
        steps: Optimiser steps.
        batch_size: Picture-caption pairs a step.
        learning_rate: Peak of a warm-up and cosine schedule (AdamW).
        image_size: The encoder's input, pixels; a multiple of `patch_size`.
        patch_size: Pixels.
        hidden_size: Width of the vision tower; the text tower has two thirds of it.
        n_layers: Layers of the vision tower; the text tower has two.
        n_heads: Attention heads of either tower.
        projection: Size of the shared embedding.

    Returns:
        What training.json holds: settings, first and final loss, retrieval accuracy.

    Raises:
        InputError: sizes do not fit together.
    """
    check_sizes(len(pictures), image_size, patch_size, hidden_size, n_heads)
    import torch

    was_deterministic, n_threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            processor = _build_processor(pictures, image_size)
            sizes = (image_size, patch_size, hidden_size, n_layers, n_heads, projection)
            model = _build_model(processor, *sizes)
            held_out = min(len(pictures) // 8, 256)
            training = _Batches(processor, pictures[held_out:], seed)
            losses = _train(model, training, steps, batch_size, learning_rate)
            ranks = _retrieval_ranks(model, _Batches(processor, pictures[:held_out], seed))
    finally:
        torch.use_deterministic_algorithms(was_deterministic)
        torch.set_num_threads(n_threads)
    record: dict[str, float | int | str] = {
        "note": NOTE,
        "seed": seed,
        "n_pictures": len(pictures) - held_out,
        "n_held_out": held_out,
        "steps": steps,
        "batch_size": batch_size,
        "first_loss": float(np.mean(losses[:10])),
        "final_loss": float(np.mean(losses[-10:])),
        "retrieval_top1": float((ranks < 1).mean()),
        "retrieval_top10": float((ranks < 10).mean()),
        "retrieval_top1_chance": 1 / held_out,
        "retrieval_top10_chance": min(10 / held_out, 1.0),
    }
    _save(folder, model, processor, record)
    return record


def check_sizes(n_pictures: int, image_size: int, patch_size: int, hidden_size: int, n_heads: int) -> None:
    """Raise InputError if the tiny CLIP's sizes do not fit together."""
    rules = (
        ("n_pictures", n_pictures, n_pictures >= 16, "at least 16"),
        ("image_size", image_size, image_size % patch_size == 0, f"a multiple of patch_size={patch_size}"),
        ("hidden_size", hidden_size, hidden_size % n_heads == 0, f"a multiple of n_heads={n_heads}"),
        ("hidden_size", hidden_size, hidden_size >= 2 * n_heads, f"at least twice n_heads={n_heads}"),
    )
    for name, value, good, rule in rules:
        if not good:
            raise InputError(f"`clip.{name}`: {value} must be {rule}; change it in the sample's profile")


class _Batches:
    """Pictures and captions as tensors, drawn in seeded random batches."""

    def __init__(self, processor: "CLIPProcessor", pictures: Sequence[Captioned], seed: int) -> None:
        self.pixels = processor.image_processor(
            [p.pixels for p in pictures], return_tensors="pt"
        ).pixel_values
        self.n_captions = len(pictures[0].captions)
        texts = [caption for p in pictures for caption in p.captions]
        self.tokens = processor.tokenizer(
            texts, padding="longest", truncation=True, max_length=_MAX_TOKENS, return_tensors="pt"
        )
        self.rng = np.random.default_rng([seed, 200])
        self.queue = np.zeros(0, np.intp)

    def __len__(self) -> int:
        return len(self.pixels)

    def draw(self, n: int) -> "dict[str, Tensor]":
        """The next `n` pictures of a shuffled pass, each with one of its captions."""
        n = min(n, len(self))
        if len(self.queue) < n:
            self.queue = self.rng.permutation(len(self))
        at, self.queue = self.queue[:n], self.queue[n:]
        return self.take(at, self.rng.integers(self.n_captions, size=n))

    def take(self, pictures: NDArray[np.intp], captions: NDArray[np.intp]) -> "dict[str, Tensor]":
        rows = pictures * self.n_captions + captions
        return {
            "pixel_values": self.pixels[pictures],
            "input_ids": self.tokens.input_ids[rows],
            "attention_mask": self.tokens.attention_mask[rows],
        }


def _build_processor(pictures: Sequence[Captioned], image_size: int) -> "CLIPProcessor":
    from transformers import CLIPProcessor, CLIPTokenizer
    from transformers.models.clip import CLIPImageProcessorPil

    vocabulary, merges = learn_vocabulary(caption for p in pictures for caption in p.captions)
    pairs: Any = merges  # the annotation says strings, the tokenizer takes pairs
    tokenizer = CLIPTokenizer(
        vocabulary, pairs, unk_token=EOS, bos_token=BOS, eos_token=EOS, pad_token=EOS,
        model_max_length=_MAX_TOKENS,
    )  # fmt: skip
    side = {"height": image_size, "width": image_size}
    images = CLIPImageProcessorPil(size={"shortest_edge": image_size}, crop_size=side)
    return CLIPProcessor(images, tokenizer)


def _build_model(
    processor: "CLIPProcessor",
    image_size: int,
    patch_size: int,
    hidden_size: int,
    n_layers: int,
    n_heads: int,
    projection: int,
) -> "CLIPModel":
    from transformers import CLIPConfig, CLIPModel

    tokenizer = processor.tokenizer
    width = hidden_size * 2 // 3 // n_heads * n_heads
    text = {
        "vocab_size": len(tokenizer), "hidden_size": width, "intermediate_size": 2 * width,
        "num_hidden_layers": 2, "num_attention_heads": n_heads, "projection_dim": projection,
        "max_position_embeddings": _MAX_TOKENS, "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    vision = {
        "image_size": image_size, "patch_size": patch_size, "hidden_size": hidden_size,
        "intermediate_size": 2 * hidden_size, "num_hidden_layers": n_layers,
        "num_attention_heads": n_heads, "projection_dim": projection,
    }  # fmt: skip
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=projection))
    _start_from_waves(model.vision_model.embeddings.patch_embedding.weight)
    return model


def _start_from_waves(weight: "Tensor") -> None:
    """Let the patch embedding (width, 3, side, side) begin as a cosine transform of the patch.

    A tower this small and this briefly trained would otherwise never look at fine detail: two
    thirds of the channels take brightness, the rest two colour differences, coarse waves first
    and fine ones amplified, since pictures hold little of them. Training goes on from there.
    """
    import torch

    width, _, side, _ = weight.shape
    place = torch.arange(side)
    waves = torch.cos(torch.pi * (place + 0.5) * place[:, None] / side) * (2 / side) ** 0.5
    waves[0] *= 0.5**0.5
    order = sorted((a + b, a, b) for a in range(side) for b in range(side))
    n_bright = min(side * side, 2 * width // 3)
    n_colour = min(side * side, (width - n_bright) // 2)
    planes = [((0.58, 0.58, 0.58), n_bright), ((1.4, 0, -1.4), n_colour), ((0.8, -1.6, 0.8), n_colour)]
    rows = [
        0.2 * (1 + total) * torch.tensor(mix)[:, None, None] * torch.outer(waves[a], waves[b])
        for mix, n in planes
        for total, a, b in order[:n]
    ]
    with torch.no_grad():
        weight[: len(rows)] = torch.stack(rows)


def _train(
    model: "CLIPModel", batches: _Batches, steps: int, batch_size: int, learning_rate: float
) -> list[float]:
    """Symmetric InfoNCE with a learned temperature, as in CLIP; the loss of every step."""
    import torch

    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.05)
    warm_up = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warm_up, 0.5 + 0.5 * float(np.cos(np.pi * step / steps))),
    )
    losses = []
    for _ in tqdm(range(steps), "training the tiny CLIP", disable=None, unit="step", position=1):
        loss = model(**batches.draw(batch_size), return_loss=True).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=float(np.log(100)))
        losses.append(float(loss.detach()))
    return losses


def _retrieval_ranks(model: "CLIPModel", batches: _Batches) -> NDArray[np.intp]:
    """Per held-out picture, how many of their captions are more similar to it than its own."""
    import torch

    everything = np.arange(len(batches))
    model.eval()
    with torch.no_grad():
        logits = model(**batches.take(everything, np.zeros_like(everything))).logits_per_image.numpy()
    return np.asarray((logits > logits.diagonal()[:, None]).sum(axis=1))


def _save(
    folder: Path, model: "CLIPModel", processor: "CLIPProcessor", record: dict[str, float | int | str]
) -> None:
    """Write everything beside `folder`, then move it there in one step."""
    from safetensors.torch import save_file

    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    model.config.architectures = ["CLIPModel"]
    model.config.save_pretrained(partial)
    save_file(model.state_dict(), partial / "model.safetensors", metadata={"format": "pt"})
    processor.save_pretrained(partial)
    processor.image_processor.save_pretrained(partial)
    (partial / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
