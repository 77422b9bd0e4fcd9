"""LoRA on text: low-rank updates of linear layers in CLIP's text tower, as in peft.

Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv 2106.09685. The adapter moves the
class embeddings of the prompts; the text projection and CLIP's own temperature are fixed. Variants: rsLoRA
(Kalajdzievski 2023, arXiv 2312.03732), DoRA (Liu et al. 2024, arXiv 2402.09353), PiSSA (Meng et al. 2024,
arXiv 2404.02948).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import torch
from peft import LoraConfig, PeftModel
from pydantic import Field
from transformers import CLIPTextModel

from clipforensics.counting import count_parameters, parameter_counts
from clipforensics.detectors.base import Task
from clipforensics.embedding_method import EmbeddingSettings
from clipforensics.faults import InputError
from clipforensics.peft_tower import put_inside, write_adapter
from clipforensics.text_encoder import PromptSection, TextEncoder, Tokens, embed_tokens, ensemble
from clipforensics.text_method import PromptJudge, TextMethod

Variant = Literal["lora", "rslora", "dora", "pissa"]


class Settings(PromptSection, EmbeddingSettings):
    """Section `methods.text_lora` of params.yaml.

    Attributes:
        variant: lora; rslora (scale alpha / sqrt(r)); dora (also learns the length of every output's
            weights); pissa (starts from the largest singular vectors of the weights).
        r: Rank.
        alpha: Scale: the update is (alpha / r) B A.
        dropout: On LoRA's input, in [0, 1).
        target_modules: Names of linear layers, for instance q_proj and k_proj.
    """

    variant: Variant
    r: int = Field(ge=1)
    alpha: float = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    target_modules: list[str] = Field(min_length=1)


class TextLoraJudge(PromptJudge):
    """Prompts through the adapted text tower.

    Attributes:
        text: The tower below its projection, with peft's adapter around it.
        projection: Frozen.
    """

    ids: torch.Tensor
    ends: torch.Tensor

    def __init__(self, text: TextEncoder, adapted: PeftModel, tokens: Tokens, n_real: int) -> None:
        """Judge by prompts of which the first `n_real` are those of the real class."""
        super().__init__(text.scale)
        self.text, self.projection, self.n_real = adapted, text.tower.text_projection, n_real
        self.register_buffer("ids", tokens.ids)
        self.register_buffer("ends", tokens.ends)

    def classes(self) -> torch.Tensor:
        """See `PromptJudge`."""
        tower = cast(CLIPTextModel, self.text.get_base_model())
        return ensemble(embed_tokens(tower, self.projection, Tokens(self.ids, self.ends)), self.n_real)


class TextLora(TextMethod):
    """LoRA on the text tower under the contract."""

    settings = Settings

    def build(self, task: Task, settings: Settings) -> TextLoraJudge:
        """See `embedding_method`; but for pissa's rounding, the first output is that of the bare tower."""
        text = self.open_text(task)
        real, manipulated = settings.prompts()
        tokens = text.tokens([*real, *manipulated])
        torch.manual_seed(task.seed)
        return TextLoraJudge(text, adapt(text.tower.text_model, settings), tokens, len(real))

    def counts(self, judge: TextLoraJudge) -> dict[str, int | str]:
        """As peft counts them: the text tower without its projection, and the adapter."""
        return parameter_counts(count_parameters(judge.text, moved=True), count_parameters(judge.text), 0)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """r (inputs + outputs) for every adapted layer; dora also has a length an output."""
        text = encoder["text"]
        width, inner = text["hidden_size"], text["intermediate_size"]
        shapes = dict.fromkeys(("q_proj", "k_proj", "v_proj", "out_proj"), (width, width))
        shapes |= {"fc1": (width, inner), "fc2": (inner, width)}
        chosen = [shapes[name] for name in set(settings.target_modules)]
        lengths = sum(out for _, out in chosen) if settings.variant == "dora" else 0
        a_block = settings.r * sum(map(sum, chosen)) + lengths
        return {"trainable": text["num_hidden_layers"] * a_block, "head": 0}

    def save_judge(self, judge: TextLoraJudge, folder: Path) -> None:
        """Write what scoring needs, and the adapter in peft's own format, for a plain CLIPTextModel."""
        super().save_judge(judge, folder)
        write_adapter(judge.text, folder)


def adapt(tower: CLIPTextModel, settings: Settings) -> PeftModel:
    """Put the adapter around the frozen tower, which is changed in place.

    Raises:
        InputError: a name in `target_modules` is no linear layer of the tower.
    """
    names = {name.rsplit(".", 1)[-1] for name, m in tower.named_modules() if isinstance(m, torch.nn.Linear)}
    unknown = sorted(set(settings.target_modules) - names)
    if unknown:
        raise InputError(
            f"methods.text_lora.target_modules: {unknown} are no linear layers of the text tower;"
            f" it has {sorted(names)}"
        )
    config = LoraConfig(
        r=settings.r,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]
        lora_dropout=settings.dropout,
        target_modules=sorted(settings.target_modules),
        bias="none",
        use_dora=settings.variant == "dora",
        use_rslora=settings.variant == "rslora",
        init_lora_weights="pissa" if settings.variant == "pissa" else True,
    )
    return put_inside(tower, config)


DETECTOR = TextLora()
