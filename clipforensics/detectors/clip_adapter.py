"""CLIP-Adapter: a small bottleneck on the image's embedding, blended with it, before prompts judge it.

Gao et al. 2021, "CLIP-Adapter: Better Vision-Language Models with Feature Adapters", arXiv 2110.04544, with
the details of its authors' code (github.com/gaopengcuhk/CLIP-Adapter): on the image side only, two linear
layers without bias, a ReLU after each, the blend brought to unit length again, CLIP's own temperature and
the class embeddings fixed. Departures: a class is the mean of several prompts (theirs one); the share of
the blend is a setting (the paper searches it for each data set); the budget's AdamW (theirs SGD); frames as
they are stored.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from safetensors.torch import load_file, save_file

from clipforensics.adaptation.embedding_method import EmbeddingMethod, EmbeddingSettings
from clipforensics.adaptation.record import Usage, count_parameters, parameter_counts
from clipforensics.adaptation.text_method import (
    DIRECTION,
    READ_CLASSES,
    FixedJudge,
    TextMethod,
    compare,
    embed_prompts,
    load_classes,
    save_classes,
)
from clipforensics.core.faults import InputError
from clipforensics.encoder.text import PromptSection
from clipforensics.training.task import Task

ADAPTER = "adapter.safetensors"


class Settings(PromptSection, EmbeddingSettings):
    """Section `methods.clip_adapter` of params.yaml.

    Attributes:
        reduction: The bottleneck has the embedding's width divided by this.
        ratio: Share of the adapted features in the blend, in (0, 1]; the rest are the encoder's own.
    """

    reduction: int = Field(ge=1)
    ratio: float = Field(gt=0, le=1)


class AdapterJudge(FixedJudge):
    """A(x) = relu(W2 relu(W1 x)); judged is ratio A(x) + (1 - ratio) x, of unit length.

    A has no bias, so A(c x) = c A(x) for c > 0: unit-length embeddings give what the encoder's own length
    gives in the authors' code.
    """

    def __init__(
        self, classes: torch.Tensor, scale: float, *, down: torch.nn.Linear, up: torch.nn.Linear, ratio: float
    ) -> None:
        super().__init__(classes, scale)
        self.down, self.up, self.ratio = down, up, ratio

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Unit-length embeddings (n, d) -> log odds (n,)."""
        new = torch.relu(self.up(torch.relu(self.down(features))))
        blend = torch.lerp(features, new, self.ratio)
        # The product is brought to the blend's unit length, not the blend: two arrays (n, d) fewer
        return compare(blend, self.classes(), self.scale) / torch.linalg.vector_norm(blend, dim=-1)


class ClipAdapter(TextMethod):
    """CLIP-Adapter under the contract."""

    settings = Settings
    rows_at_once = EmbeddingMethod.rows_at_once  # the class embeddings are computed only once

    def build(self, task: Task, settings: Settings) -> AdapterJudge:
        """The untrained adapter; its weights start as torch starts linear layers, as in the authors' code."""
        text = self.open_text(task)
        classes = embed_prompts(text, settings)
        width = classes.shape[1]
        if settings.reduction > width:
            raise InputError(
                f"methods.clip_adapter.reduction: {settings.reduction} leaves no bottleneck of an embedding"
                f" of width {width}; give at most {width}"
            )
        torch.manual_seed(task.seed)
        down = torch.nn.Linear(width, width // settings.reduction, bias=False)
        up = torch.nn.Linear(width // settings.reduction, width, bias=False)
        return AdapterJudge(classes, text.scale, down=down, up=up, ratio=settings.ratio)

    def settled(self, judge: AdapterJudge) -> torch.nn.Module:
        """The judge itself: its class embeddings never move."""
        return judge

    def counts(self, judge: AdapterJudge) -> dict[str, int | str]:
        """The adapter alone: all of it moves."""
        return parameter_counts(count_parameters(judge, moved=True), count_parameters(judge), 0)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """Two matrices between the embedding and the bottleneck."""
        width = encoder["width"]
        return {"trainable": 2 * width * (width // settings.reduction), "head": 0}

    def usage(self, settings: Settings) -> Usage:
        """Lines for the model card: `AdapterJudge.forward` in torch alone."""
        setup = (
            READ_CLASSES,
            f'adapter = load_file(folder / "{ADAPTER}")',
            'ratio = adapter["ratio"].item()',
            "",
            "",
            "def adapt(embedding):",
            '    new = torch.relu(torch.relu(embedding @ adapter["down"].T) @ adapter["up"].T)',
            "    return torch.nn.functional.normalize(ratio * new + (1 - ratio) * embedding, dim=-1)",
        )
        return Usage(setup, log_odds=f"adapt(embedding) @ {DIRECTION}")

    def save_judge(self, judge: AdapterJudge, folder: Path) -> None:
        """Write the classes, and adapter.safetensors: down (bottleneck, d), up (d, bottleneck), ratio."""
        save_classes(judge, folder)
        tensors = {
            "down": judge.down.weight,
            "up": judge.up.weight,
            "ratio": torch.tensor([judge.ratio], dtype=torch.float64),
        }
        save_file({n: t.detach().cpu().contiguous() for n, t in tensors.items()}, folder / ADAPTER)

    def load_judge(self, folder: Path) -> AdapterJudge:
        """Read what `save_judge` wrote."""
        fixed, tensors = load_classes(folder), load_file(folder / ADAPTER)
        down, up = (linear(tensors[name]) for name in ("down", "up"))
        return AdapterJudge(
            fixed.known, float(fixed.scale), down=down, up=up, ratio=float(tensors["ratio"][0])
        )


def linear(weight: torch.Tensor) -> torch.nn.Linear:
    """A linear layer without bias that holds the given weight (out, in)."""
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.load_state_dict({"weight": weight})
    return layer


DETECTOR = ClipAdapter()
