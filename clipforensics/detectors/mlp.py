"""MLP: one hidden layer with dropout on frozen embeddings, the step between the linear probe and adapters.

Dropout as in Hinton et al. 2012, "Improving neural networks by preventing co-adaptation of feature
detectors", arXiv 1207.0580.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from pydantic import Field
from safetensors.torch import load_file, save_file

from clipforensics.adaptation.embedding_method import EmbeddingMethod, EmbeddingSettings
from clipforensics.adaptation.record import Usage, count_parameters, parameter_counts
from clipforensics.training.task import Task
from clipforensics.training.trainer import LogOdds

WEIGHTS = "mlp.safetensors"


class Settings(EmbeddingSettings):
    """Section `methods.mlp` of params.yaml.

    Attributes:
        hidden: Units of the hidden layer.
        dropout: On their output while training, in [0, 1).
    """

    hidden: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)


class Mlp(LogOdds):
    """Log odds = w . relu(W sqrt(d) x + b) + c.

    The embedding is scaled to length sqrt(d), so that its entries are of order 1 whatever the encoder.

    Attributes:
        hidden: Linear (d -> h).
        head: Linear (h -> 1), starts at zero: the untrained detector scores .5 everywhere.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.hidden, self.dropout = torch.nn.Linear(width, hidden), torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(hidden, 1)
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Unit-length embeddings (n, d) -> log odds (n,)."""
        found = torch.relu(self.hidden(features * features.shape[-1] ** 0.5))
        return cast(torch.Tensor, self.head(self.dropout(found)).squeeze(-1))


class MlpMethod(EmbeddingMethod):
    """The MLP under the contract."""

    settings = Settings

    def build(self, task: Task, settings: Settings) -> Mlp:
        """The untrained network; the seed draws the hidden layer, the head starts at zero."""
        torch.manual_seed(task.seed)
        return Mlp(task.embeddings.matrix.shape[1], settings.hidden, settings.dropout)

    def counts(self, judge: Mlp) -> dict[str, int | str]:
        """The hidden layer, and the linear unit on it as head."""
        hidden = count_parameters(judge.hidden)
        return parameter_counts(hidden, hidden, count_parameters(judge.head))

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """A weight for each entry of the embedding and a bias, for every hidden unit; the same on those."""
        return {"trainable": settings.hidden * (encoder["width"] + 1), "head": settings.hidden + 1}

    def usage(self, settings: Settings) -> Usage:
        """Lines for the model card: `Mlp.forward` in torch alone."""
        hidden = 'embedding * embedding.shape[-1] ** 0.5 @ mlp["hidden.weight"].T + mlp["hidden.bias"]'
        log_odds = f'torch.relu({hidden}) @ mlp["head.weight"][0] + mlp["head.bias"]'
        return Usage((f'mlp = load_file(folder / "{WEIGHTS}")',), log_odds=log_odds)

    def save_judge(self, judge: Mlp, folder: Path) -> None:
        """Write mlp.safetensors: weights and biases of both layers."""
        tensors = {name: t.detach().cpu().contiguous() for name, t in judge.state_dict().items()}
        save_file(tensors, folder / WEIGHTS)

    def load_judge(self, folder: Path) -> Mlp:
        """Read what `save_judge` wrote; nothing drops out in scoring."""
        tensors = load_file(folder / WEIGHTS)
        hidden, width = tensors["hidden.weight"].shape
        judge = Mlp(width, hidden, dropout=0.0)
        judge.load_state_dict(tensors)
        return judge


DETECTOR = MlpMethod()
