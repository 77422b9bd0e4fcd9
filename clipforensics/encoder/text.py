"""CLIP's text tower with its tokenizer, at the encoder's pinned revision: prompts to class embeddings."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from pydantic import Field, field_validator
from torch.nn.functional import normalize

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.encoder.vision import at_revision, load_tower

if TYPE_CHECKING:  # seconds of start-up: functions that read an encoder import it, and nothing else does
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

HIGHEST_IS_END = 2
"""`eos_token_id` in OpenAI's own config files; transformers then takes the highest id for the end of text."""


class PromptSection(Section):
    """What a method's section says of its prompts: every template is filled with every name of a class.

    Attributes:
        templates: Sentences with `{}` where the name goes.
        real: What real faces may be called.
        manipulated: What manipulated faces may be called.
    """

    templates: list[str] = Field(min_length=1)
    real: list[str] = Field(min_length=1)
    manipulated: list[str] = Field(min_length=1)

    @field_validator("templates")
    @classmethod
    def _has_one_place(cls, templates: list[str]) -> list[str]:
        for template in templates:
            if template.count("{}") != 1:
                raise ValueError(f"every template must hold {{}} once, {template!r} does not")
        return templates

    def prompts(self) -> tuple[list[str], list[str]]:
        """Prompts of the real and of the manipulated class."""
        return self._fill(self.real), self._fill(self.manipulated)

    def _fill(self, names: list[str]) -> list[str]:
        return [template.replace("{}", name) for template in self.templates for name in names]


@dataclass(frozen=True)
class Tokens:
    """Prompts as token ids, padded at the end to the longest.

    Attributes:
        ids: int64 (n, longest).
        ends: Where each prompt's end-of-text token is, int64 (n,): there the tower's output is read.
    """

    ids: torch.Tensor
    ends: torch.Tensor


@dataclass(frozen=True)
class TextEncoder:
    """The text half of CLIP.

    Attributes:
        tower: Frozen, float32, in evaluation mode; a `TextTower`, see `tower_class`.
        tokenizer: Its own.
    """

    tower: "CLIPTextModelWithProjection"
    tokenizer: "CLIPTokenizer"

    @property
    def scale(self) -> float:
        """The factor between cosine and logit."""
        return float(cast(torch.Tensor, self.tower.logit_scale).exp())

    @property
    def limit(self) -> int:
        """Tokens that a prompt may have, its start and end included."""
        return min(int(self.tokenizer.model_max_length), int(self.tower.config.max_position_embeddings))

    def tokens(self, prompts: Sequence[str]) -> Tokens:
        """Tokenize; pads to the longest of these prompts, which the causal mask makes as good as any length.

        Raises:
            InputError: a prompt is longer than the tower reads, or cannot be written in its tokens.
        """
        lists = [list(map(int, self.tokenizer(prompt).input_ids)) for prompt in prompts]
        for prompt, ids in zip(prompts, lists, strict=True):
            self._check(prompt, ids)
        end, longest = self.tokenizer.eos_token_id, max(map(len, lists))
        padded = [ids + [end] * (longest - len(ids)) for ids in lists]
        return Tokens(torch.tensor(padded), torch.tensor([len(ids) - 1 for ids in lists]))

    def _check(self, prompt: str, ids: list[int]) -> None:
        if len(ids) > self.limit:
            raise InputError(
                f"the prompt {prompt!r} has {len(ids)} tokens, the encoder reads {self.limit}; shorten it"
            )
        first, end, unknown = (getattr(self.tokenizer, f"{name}_token_id") for name in ("bos", "eos", "unk"))
        if ids[:1] != [first] or ids[-1:] != [end] or {end, unknown} & set(ids[:-1]):
            raise InputError(
                f"the encoder's tokenizer cannot write the prompt {prompt!r};"
                " give the encoder with its own tokenizer files, or use other words"
            )


@functools.cache
def tower_class() -> type["CLIPTextModelWithProjection"]:
    """The class `TextTower`: CLIP's text tower, its projection, and the temperature that CLIP was trained to.

    `logit_scale` is the logarithm of the factor between cosine and logit (100 in OpenAI's models). The class
    is made when it is first asked for, for its base must be loaded.
    """
    from transformers import CLIPTextModelWithProjection

    class TextTower(CLIPTextModelWithProjection):
        def __init__(self, config: "CLIPTextConfig") -> None:
            super().__init__(config)
            self.logit_scale = torch.nn.Parameter(torch.tensor(0.0))

    return TextTower


def load_text_encoder(model: str, revision: str) -> TextEncoder:
    """Load the frozen text tower in float32, and its tokenizer; no code of the checkpoint is run.

    Args:
        model: As in `vision.load_vision_tower`.
        revision: As there.

    Raises:
        InputError: as there, or the checkpoint has no text tower or no tokenizer that fits it.
    """
    from transformers import CLIPTokenizer

    _check_has_text(model, revision)
    tower = load_tower(tower_class(), model, revision)
    try:
        tokenizer = CLIPTokenizer.from_pretrained(model, **at_revision(model, revision, tokenizer=True))
    except (OSError, ValueError) as error:
        raise InputError(f"encoder.model {model!r} has no readable tokenizer: {error}") from error
    ends = (HIGHEST_IS_END, tokenizer.eos_token_id)
    if len(tokenizer) > tower.config.vocab_size or tower.config.eos_token_id not in ends:
        raise InputError(
            f"encoder.model {model!r}: its tokenizer has {len(tokenizer)} tokens that end in number"
            f" {tokenizer.eos_token_id}, its text tower {tower.config.vocab_size} that end in"
            f" {tower.config.eos_token_id}; give the encoder with its own tokenizer files"
        )
    return TextEncoder(tower, tokenizer)


def _check_has_text(model: str, revision: str) -> None:
    """Look at the config first: transformers would make up a text tower where there is none."""
    from transformers import CLIPTextConfig

    try:
        config, _ = CLIPTextConfig.get_config_dict(model, **at_revision(model, revision))
    except (OSError, ValueError) as error:
        raise InputError(f"encoder.model {model!r} has no readable config: {error}") from error
    if config.get("model_type") != "clip":
        raise InputError(
            f"encoder.model {model!r} has no text tower of a CLIP (model_type {config.get('model_type')!r});"
            " methods with prompts need a whole CLIP: choose another encoder, or leave them out of detectors"
        )


def embed_tokens(
    text: "CLIPTextModel", projection: torch.nn.Linear, tokens: Tokens, vectors: torch.Tensor | None = None
) -> torch.Tensor:
    """Unit-length text embeddings (n, d).

    Args:
        text: The tower below its projection; peft's layers may be inside.
        projection: Into the space that pictures share.
        tokens: What to read.
        vectors: Token embeddings (n, length, width) in place of those of `tokens.ids`.
    """
    hidden = text.embeddings(tokens.ids, inputs_embeds=vectors)
    hidden = text.encoder(hidden, attention_mask=None, is_causal=True).last_hidden_state
    at_end = hidden[torch.arange(len(hidden), device=hidden.device), tokens.ends]
    return normalize(cast(torch.Tensor, projection(text.final_layer_norm(at_end))), dim=-1)


def ensemble(embeddings: torch.Tensor, n_real: int) -> torch.Tensor:
    """Unit-length class embeddings (2, d), real first: the mean of the unit-length ones of a class's prompts.

    As in the zero-shot evaluation of Radford et al. 2021 (arXiv 2103.00020, section 3.1.4: an ensemble in
    the space of embeddings, not of probabilities, so that it costs no more than one prompt).

    Args:
        embeddings: Unit-length (n, d), those of the real class first.
        n_real: How many they are.
    """
    return normalize(torch.stack([embeddings[:n_real].mean(dim=0), embeddings[n_real:].mean(dim=0)]), dim=-1)
