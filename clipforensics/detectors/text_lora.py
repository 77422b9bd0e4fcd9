"""LoRA on text: low-rank updates of linear layers in CLIP's text tower, as in peft.

Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv 2106.09685; its variants are those
of `detectors.lora`. The adapter moves the class embeddings of the prompts; the text projection and CLIP's own
temperature are fixed. It is saved for a plain CLIPTextModel, pissa's as the plain LoRA that it amounts to.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from clipforensics.adaptation.embedding_method import EmbeddingSettings
from clipforensics.adaptation.peft_tower import (
    LoraSection,
    check_rank,
    convert,
    copy_adapter,
    count_lora,
    lora_config,
    put_inside,
    write_adapter,
)
from clipforensics.adaptation.record import count_parameters, parameter_counts
from clipforensics.adaptation.text_method import PromptJudge, TextMethod
from clipforensics.core.faults import InputError
from clipforensics.encoder.text import PromptSection, TextEncoder, Tokens, embed_tokens, ensemble
from clipforensics.training.task import Task

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import CLIPTextModel


QUERY_AND_KEY = ["q_proj", "k_proj"]
"""What `target_modules: auto` adapts in CLIP's text tower."""


class Settings(PromptSection, LoraSection, EmbeddingSettings):
    """Section `methods.text_lora` of params.yaml."""


class TextLoraJudge(PromptJudge):
    """Prompts through the adapted text tower.

    Attributes:
        text: The tower below its projection, with peft's adapter around it.
        projection: Frozen.
        start: With pissa, the adapter before training: the base weights are the original ones less this.
    """

    ids: torch.Tensor
    ends: torch.Tensor

    def __init__(self, text: TextEncoder, adapted: "PeftModel", tokens: Tokens, n_real: int) -> None:
        """Judge by prompts of which the first `n_real` are those of the real class."""
        super().__init__(text.scale)
        self.text, self.projection, self.n_real = adapted, text.tower.text_projection, n_real
        self.start: dict[str, torch.Tensor] | None = None
        self.register_buffer("ids", tokens.ids)
        self.register_buffer("ends", tokens.ends)

    def classes(self) -> torch.Tensor:
        """Class embeddings (2, d) of the prompts through the tower with its adapter as it stands now."""
        tower = cast("CLIPTextModel", self.text.get_base_model())
        return ensemble(embed_tokens(tower, self.projection, Tokens(self.ids, self.ends)), self.n_real)


class TextLora(TextMethod):
    """LoRA on the text tower under the contract."""

    settings = Settings

    def build(self, task: Task, settings: Settings) -> TextLoraJudge:
        """The prompts through the adapted tower, which starts as the bare one but for pissa's rounding."""
        text = self.open_text(task)
        real, manipulated = settings.prompts()
        tokens = text.tokens([*real, *manipulated])
        torch.manual_seed(task.seed)
        judge = TextLoraJudge(text, adapt(text.tower.text_model, settings), tokens, len(real))
        if settings.variant == "pissa":
            judge.start = copy_adapter(judge.text)
        return judge

    def counts(self, judge: TextLoraJudge) -> dict[str, int | str]:
        """As peft counts them: the text tower without its projection, and the adapter."""
        return parameter_counts(count_parameters(judge.text, moved=True), count_parameters(judge.text), 0)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """What `peft_tower.count_lora` counts for the adapted layers of all blocks."""
        text = encoder["text"]
        width, inner = text["hidden_size"], text["intermediate_size"]
        shapes = dict.fromkeys(("q_proj", "k_proj", "v_proj", "out_proj"), (width, width))
        shapes |= {"fc1": (width, inner), "fc2": (inner, width)}
        a_block = [shapes[name] for name in set(settings.targets(QUERY_AND_KEY))]
        return {"trainable": count_lora(a_block * text["num_hidden_layers"], settings), "head": 0}

    def save_judge(self, judge: TextLoraJudge, folder: Path) -> None:
        """Write what scoring needs, and the adapter in peft's own format, for a plain CLIPTextModel."""
        super().save_judge(judge, folder)
        write_adapter(judge.text, folder)
        if judge.start is not None:
            convert(folder, judge.start)


def adapt(tower: "CLIPTextModel", settings: Settings) -> "PeftModel":
    """Put the adapter around the frozen tower, which is changed in place.

    Raises:
        InputError: a name in `target_modules` is no linear layer of the tower, or such a layer has not the
            rank that pissa takes out of it.
    """
    linear = {name: m for name, m in tower.named_modules() if isinstance(m, torch.nn.Linear)}
    known = {name.rsplit(".", 1)[-1] for name in linear}
    targets = settings.targets(QUERY_AND_KEY)
    unknown = sorted(set(targets) - known)
    if unknown:
        raise InputError(
            f"methods.text_lora.target_modules: {unknown} are no linear layers of the text tower;"
            f" it has {sorted(known)}"
        )
    if settings.variant == "pissa":
        layers = {name: m for name, m in linear.items() if name.rsplit(".", 1)[-1] in targets}
        check_rank(layers, settings.r, "methods.text_lora.r")
    return put_inside(tower, lora_config(settings, targets))


DETECTOR = TextLora()
