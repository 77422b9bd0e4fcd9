"""Zero-shot: CLIP as it is, asked in words which of two descriptions fits a frame better; nothing is trained.

Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", arXiv
2103.00020: softmax over the classes at CLIP's own temperature; a class with several prompts is represented by
the mean of their unit-length embeddings.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics.adaptation.embedding_method import score_embeddings
from clipforensics.adaptation.record import parameter_counts
from clipforensics.adaptation.text_method import FixedJudge, TextMethod, embed_prompts
from clipforensics.encoder.text import PromptSection, TextEncoder
from clipforensics.machine.devices import choose_device, compute_deterministically
from clipforensics.training.task import Fit, Task
from clipforensics.training.validation import Validation


class Settings(PromptSection):
    """Section `methods.zero_shot` of params.yaml."""


class ZeroShot(TextMethod):
    """Prompts under the contract: `fit` embeds them and ranks the validation frames once."""

    settings = Settings

    def build(self, task: Task, settings: Settings) -> FixedJudge:
        """The judge of the section's prompts; no parameter moves."""
        return self.judge(self.open_text(task), settings)

    def judge(self, text: TextEncoder, settings: Settings) -> FixedJudge:
        """The same, with an encoder that is open."""
        return FixedJudge(embed_prompts(text, settings), text.scale)

    def fit(self, task: Task, settings: Settings, folder: Path) -> Fit:
        """Embed the prompts, rank validation once, write the folder; the curve has one row, epoch 0."""
        compute_deterministically(task.seed)
        text = self.open_text(task)
        started = time.perf_counter()  # as with every method, once the encoder is loaded
        judge = self.judge(text, settings).to(choose_device()).eval()
        counts = self.counts(judge)
        print(counts["line"], flush=True)
        validation = Validation.of(task.val)
        scores = score_embeddings(judge, task.embeddings, task.val.rows)
        rank = validation.rank(scores)
        self.save(judge, folder, task=task, settings=settings, counts=counts, rank=rank)
        row = {"val_loss": validation.loss(scores), "val_video_auc": rank[0], "val_frame_auc": rank[1]}
        seconds = time.perf_counter() - started
        n_prompts = sum(map(len, settings.prompts()))
        return Fit([{"epoch": 0, **row}], rank, 0, seconds, f"{n_prompts} prompts, nothing trained")

    def counts(self, judge: FixedJudge) -> dict[str, int | str]:
        """Nothing moves, and nothing holds what could."""
        return parameter_counts(0, 0, 0)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """None."""
        return {"trainable": 0, "head": 0}


DETECTOR = ZeroShot()
