"""What methods train with (section `train` of params.yaml): one budget on pixels, one on embeddings."""

from typing import Literal

from pydantic import Field, model_validator

from clipforensics.alterations.augmentation import AugmentSection
from clipforensics.core.params import Section
from clipforensics.training.candidates import MOST_RUNS
from clipforensics.training.sampling import Sampling


class PixelBudget(Section):
    """Of methods that train on pixels.

    Attributes:
        epochs: Most epochs.
        patience: Stop after this many epochs without a better validation rank, after warm-up.
        batch_size: Frames a step, on all processes together.
        micro_batch_size: Frames that go through the model at once. What a step computes depends on both
            sizes, and not on how many processes share its micro-batches.
        frames_per_video: Frames drawn of each video an epoch.
        weight_decay: AdamW's, on tensors of two or more dimensions; biases and LayerNorms have none.
        warmup_fraction: Part of all steps in which the rate rises linearly from 0; no epoch within is kept.
        precision: As in `devices.choose_dtype`.
        gradient_checkpointing: Whether activations are computed again for the backward pass instead of kept:
            less memory, a third more time, the same numbers.
        compile: Whether torch.compile makes kernels for the model first.
        cache_activations: Whether blocks below everything that moves are computed once a frame, where no
            augmentation changes the frames, and kept on disk: the same numbers, sooner. Not where processes
            of several machines train one model: they would have to write one file together.
    """

    epochs: int = Field(ge=1)
    patience: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    micro_batch_size: int = Field(ge=1)
    frames_per_video: int = Field(ge=1)
    weight_decay: float = Field(ge=0)
    warmup_fraction: float = Field(ge=0, lt=1)
    precision: str = Field(pattern="^(auto|float32|bfloat16|float16)$")
    gradient_checkpointing: bool
    compile: bool
    cache_activations: bool

    @model_validator(mode="after")
    def _sizes(self) -> "PixelBudget":
        if self.micro_batch_size > self.batch_size:
            raise ValueError(f"micro_batch_size must be at most batch_size ({self.batch_size})")
        return self


class EmbeddingBudget(Section):
    """Of methods that train on cached embeddings, with the names of `PixelBudget`; all frames every epoch."""

    epochs: int = Field(ge=1)
    patience: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    weight_decay: float = Field(ge=0)
    warmup_fraction: float = Field(ge=0, lt=1)


class ChoiceBudget(Section):
    """How much may be tried where settings of a method are lists of candidates.

    Attributes:
        max_runs: Most trainings of one method in one cell; a larger grid is refused.
    """

    max_runs: int = Field(ge=1, le=MOST_RUNS)


class TrainSection(Section):
    """Section `train` of params.yaml.

    Attributes:
        class_weight: `balanced` weighs each class by n / (2 n_class) of the rows that an epoch draws, so that
            both count alike whatever the sampling; `none` does not.
        sampling: Which frames an epoch draws, as in `sampling.draw_epoch`.
        self_blended: Share of the drawn real frames that are trained on once more as pseudo-fakes, blended
            with themselves (`self_blending`); methods on pixels only.
        augment: What is done to frames before they are trained on; methods on pixels only.
        pixels: The budget of methods on pixels.
        embeddings: The budget of methods on embeddings.
        choice: The budget of choosing settings on validation.
    """

    class_weight: Literal["balanced", "none"]
    sampling: Sampling
    self_blended: float = Field(ge=0, le=1)
    augment: AugmentSection
    pixels: PixelBudget
    embeddings: EmbeddingBudget
    choice: ChoiceBudget
