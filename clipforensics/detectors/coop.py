"""CoOp: prompts whose words around the class name are learnt vectors; the text tower itself stays frozen.

Zhou et al. 2022, "Learning to Prompt for Vision-Language Models", arXiv 2109.01134, with the details of its
authors' code (github.com/KaiyangZhou/CoOp): contexts of standard deviation 0.02 or of given words, a full
stop after the prompt, CLIP's own temperature fixed. Departures: contexts may start as given words and
belong to a class each at once (theirs: words for one context of all classes, class contexts at random); the
budget's AdamW, which decays the contexts (theirs SGD); frames as they are stored, class weights, best epoch
on validation.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from safetensors.torch import save_file

from clipforensics.adaptation.embedding_method import EmbeddingSettings
from clipforensics.adaptation.record import count_parameters, parameter_counts
from clipforensics.adaptation.text_method import PromptJudge, TextMethod
from clipforensics.core.faults import InputError
from clipforensics.encoder.text import TextEncoder, Tokens, embed_tokens
from clipforensics.training.task import Task

CONTEXT = "context.safetensors"
STANDARD_DEVIATION = 0.02

Position = Literal["front", "middle", "end"]


class Settings(EmbeddingSettings):
    """Section `methods.coop` of params.yaml.

    Attributes:
        real: What a real face is called.
        manipulated: What a manipulated face is called.
        context_length: Learnt vectors a prompt.
        position: Of the name: front (before them), middle (after half of them, rounded down) or end.
        class_specific: Whether each class learns vectors of its own.
        initial_words: Words that the vectors start as, a token each; empty: they start at random.
    """

    real: str
    manipulated: str
    context_length: int = Field(ge=1)
    position: Position
    class_specific: bool
    initial_words: str


class CoopJudge(PromptJudge):
    """The frozen text tower behind prompts with vectors in them.

    Attributes:
        context: The vectors, float32 (1 or 2 classes, context length, width).
    """

    around: torch.Tensor
    ids: torch.Tensor
    ends: torch.Tensor
    places: torch.Tensor

    def __init__(
        self, text: TextEncoder, tokens: Tokens, places: torch.Tensor, context: torch.Tensor
    ) -> None:
        """Put vectors into prompts.

        Args:
            text: The frozen encoder.
            tokens: The prompts of both classes, real first; what stands at `places` does not matter.
            places: Where the vectors go, int64 (2, context length).
            context: What they start as.
        """
        super().__init__(text.scale)
        self.tower = text.tower
        self.context = torch.nn.Parameter(context)
        with torch.no_grad():
            around = text.tower.text_model.embeddings.token_embedding(tokens.ids)
        buffers = {"around": around, "ids": tokens.ids, "ends": tokens.ends, "places": places}
        for name, tensor in buffers.items():
            self.register_buffer(name, tensor)

    def classes(self) -> torch.Tensor:
        """Class embeddings (2, d) of the prompts with the vectors as they stand now."""
        rows = torch.arange(2, device=self.places.device)[:, None]
        context = self.context.expand(2, -1, -1)
        vectors = self.around.index_put((rows, self.places), context)
        tokens = Tokens(self.ids, self.ends)
        return embed_tokens(self.tower.text_model, self.tower.text_projection, tokens, vectors)


class Coop(TextMethod):
    """CoOp under the contract."""

    settings = Settings

    def build(self, task: Task, settings: Settings) -> CoopJudge:
        """The prompts with untrained vectors, on the frozen text tower."""
        text = self.open_text(task)
        tokens, places = lay_out(text, settings)
        return CoopJudge(text, tokens, places, start(text, settings, task.seed))

    def counts(self, judge: CoopJudge) -> dict[str, int | str]:
        """The vectors, within the text tower without its projection, as peft counts it."""
        moved = judge.context.numel()
        return parameter_counts(moved, count_parameters(judge.tower.text_model) + moved, 0)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """As wide as the text tower's token embeddings, one set or one a class."""
        sets = 2 if settings.class_specific else 1
        return {"trainable": sets * settings.context_length * encoder["text"]["hidden_size"], "head": 0}

    def save_judge(self, judge: CoopJudge, folder: Path) -> None:
        """Write what scoring needs, and context.safetensors, what was learnt."""
        super().save_judge(judge, folder)
        save_file({"context": judge.context.detach().cpu().contiguous()}, folder / CONTEXT)


def lay_out(text: TextEncoder, settings: Settings) -> tuple[Tokens, torch.Tensor]:
    """The prompts of both classes with room for the vectors, and where that is, int64 (2, context length).

    Raises:
        InputError: a prompt is longer than the text tower reads.
    """
    n, lists, places = settings.context_length, [], []
    for name in (settings.real, settings.manipulated):
        sentence = f"{name}."
        start, *words, end = text.tokens([sentence]).ids[0].tolist()
        n_name = len(text.tokens([name]).ids[0]) - 2
        before = {"front": 0, "middle": n // 2, "end": n}[settings.position]
        room = [end] * n
        lists.append([start, *room[:before], *words[:n_name], *room[before:], *words[n_name:], end])
        after = range(1 + before + n_name, 1 + n_name + n)
        places.append([*range(1, 1 + before), *after])
    longest = max(map(len, lists))
    if longest > text.limit:
        raise InputError(
            f"methods.coop.context_length: {n} vectors and the name make {longest} tokens, the encoder reads"
            f" {text.limit}; give fewer"
        )
    padded = [ids + ids[-1:] * (longest - len(ids)) for ids in lists]
    ends = torch.tensor([len(ids) - 1 for ids in lists])
    return Tokens(torch.tensor(padded), ends), torch.tensor(places)


def start(text: TextEncoder, settings: Settings, seed: int) -> torch.Tensor:
    """What the vectors start as, float32 (1 or 2 classes, context length, width).

    Raises:
        InputError: `initial_words` are not as many tokens as there are vectors.
    """
    n, sets = settings.context_length, 2 if settings.class_specific else 1
    if not settings.initial_words:
        drawn = torch.randn(
            sets, n, text.tower.config.hidden_size, generator=torch.Generator().manual_seed(seed)
        )
        return drawn * STANDARD_DEVIATION
    words = text.tokens([settings.initial_words]).ids[:, 1:-1]
    if words.shape[1] != n:
        raise InputError(
            f"methods.coop.initial_words: {settings.initial_words!r} is {words.shape[1]} tokens,"
            f" context_length is {n}; make them equal, or leave the words empty to start at random"
        )
    with torch.no_grad():
        return text.tower.text_model.embeddings.token_embedding(words).repeat(sets, 1, 1)


DETECTOR = Coop()
