"""detector.json and choices.json: what stands beside the weights of a detector, to be read and handed on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from clipforensics.core.files import json_ready, read_json, write_json
from clipforensics.core.params import Section

RECORD = "detector.json"
CHOICES = "choices.json"


@dataclass(frozen=True)
class Usage:
    """How a saved detector is run with torch, transformers and safetensors alone: lines for its model card.

    Most methods need not say it: an adapter in peft's format, a whole vision tower, tensors of the tower by
    name and a linear unit on the embedding are known by their files (`publishing.loading`). Any other gives a
    `Usage` if a few lines can say it, which a test runs; else the card shows how this library opens it.

    The names `torch`, `folder` (a Path), `load_file` (safetensors.torch's) and `tower` (the encoder's,
    as transformers loads it, in evaluation mode) are at hand.

    Attributes:
        setup: Lines that run once, after `tower` is there; they may change it.
        pixels: Expression: what the tower is shown, of `pixels` float32 (n, 3, s, s).
        log_odds: Expression (n,) of `embedding`, unit-length (n, d); empty: the unit in head.safetensors.
    """

    setup: tuple[str, ...] = ()
    pixels: str = "pixels"
    log_odds: str = ""


def write_record(
    folder: Path,
    *,
    method: str,
    encoder: Mapping[str, str],
    settings: Section,
    seed: int,
    counts: Mapping[str, int | str],
    rank: tuple[float, float],
    usage: Usage | None,
    tower: Mapping[str, Any] | None,
    **chosen: Any,
) -> None:
    """Write a trained detector's detector.json.

    Args:
        folder: Of the detector.
        method: As in `detectors` of params.yaml.
        encoder: `model`, `revision` and `embedding`.
        settings: Section `methods.<method>`.
        seed: Of training.
        counts: Of parameters, as `parameter_counts` gives them.
        rank: Validation (video AUC, frame AUC) of what was kept.
        usage: Lines for the model card, or None.
        tower: How plain transformers loads the encoder, as `vision.record_of_tower` says it; None for a CLIP.
        **chosen: What the method wants remembered beside, such as its best epoch.
    """
    about = {
        "method": method,
        "encoder": dict(encoder),
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
        "parameters": dict(counts),
        "validation": dict(zip(("video_auc", "frame_auc"), rank, strict=True)),
        **chosen,
        **usage_entry(usage),
        **({"tower": dict(tower)} if tower else {}),
    }
    write_json(folder / RECORD, about)


def write_choices(folder: Path, *, max_runs: int, tried: Sequence[Mapping[str, Any]], best: int) -> None:
    """Write choices.json: every candidate that the detector's settings were chosen among on validation.

    Times are not in it: they differ from run to run (`training.costs`).

    Args:
        folder: Of the detector.
        max_runs: The budget, `train.choice.max_runs`.
        tried: A `task.tried_row` of each candidate, in the order tried.
        best: Which of them was kept.
    """
    about = {
        "budget": {"max_runs": max_runs},
        "criterion": "validation video AUC, then frame AUC; of equals the first",
        "n_tried": len(tried),
        "chosen": tried[best]["settings"],
        "tried": tried,
    }
    write_json(folder / CHOICES, json_ready(about))


def n_tried(folder: Path) -> int:
    """How many candidates a detector's settings were chosen among; 1 where nothing was chosen."""
    path = folder / CHOICES
    return int(read_json(path)["n_tried"]) if path.is_file() else 1


def parameter_counts(trainable: int, everything: int, head: int) -> dict[str, int | str]:
    """The entry `parameters` of detector.json.

    Args:
        trainable: Parameters that move, without the head's.
        everything: Of the network that holds them, adapters included, without the head.
        head: Of the linear unit on top.

    Returns:
        `trainable`, `all`, `head`, and `line`: what peft's print_trainable_parameters prints, with the head's
        count apart where there is one.
    """
    share = 100 * trainable / everything if everything else 0.0
    line = f"trainable params: {trainable:,d} || all params: {everything:,d} || trainable%: {share:.4f}"
    told = f"{line} (and the head's {head:,d})" if head else line
    return {"trainable": trainable, "all": everything, "head": head, "line": told}


class Network(Protocol):
    """A torch module, without torch: whoever hands a detector on reads this file and needs none."""

    def parameters(self) -> Iterable[Any]:
        """Its tensors that can learn, each once."""
        ...


def count_parameters(network: Network, *, moved: bool = False) -> int:
    """Number of parameters, each counted once; with `moved` only of those that training may change."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad or not moved)


def usage_entry(usage: Usage | None) -> dict[str, Any]:
    """The entry `usage` of detector.json; nothing where there is none."""
    return {} if usage is None else {"usage": {**asdict(usage), "setup": list(usage.setup)}}
