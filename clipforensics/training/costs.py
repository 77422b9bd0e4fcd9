"""What training cost: time and memory, kept apart from tracked outputs, which they would change every run.

One file a model, `.costs/<detector>/<split>/<train_set>-<seed>.json` of the main workspace, which git
ignores. It holds the digest of the weights that the cost was paid for. Weights that came from DVC's cache,
from another machine or from another run cost something else, or nothing here, so their digest tells them.
"""

import hashlib
import json
import math
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.training.hardware import describe_machine

NO_FILE = "it was not trained on this machine"
NO_WEIGHTS = "its weights are not here"
OTHER_WEIGHTS = "its weights are those of another run, restored from the cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one training run cost.

    Attributes:
        detector: Its name.
        weights: `folder_digest` of the weights that came of it.
        seconds: Of training, validation included; of all candidates where settings were chosen among several.
        samples: Frames (or embeddings) that went forward and backward, counted as often as they went.
        samples_per_second: `samples` over `seconds`; 0 where nothing was trained.
        peak_memory_bytes: Most memory held at once by one process: on a GPU what torch's tensors took, else
            what the process took of the machine's.
        device: What it ran on, in words.
        processes: That shared the work.
        tried_seconds: Those of each candidate, in the order of choices.json; empty where one was trained.
        kept: Which of these was kept.
    """

    detector: str
    weights: str
    seconds: float
    samples: int
    samples_per_second: float
    peak_memory_bytes: int
    device: str
    processes: int
    tried_seconds: Sequence[float] = ()
    kept: int = 0

    @property
    def chosen_seconds(self) -> float:
        """Those of what was kept: the cost, had its settings been known."""
        return self.tried_seconds[self.kept] if self.tried_seconds else self.seconds


def costs_folder() -> Path:
    """`.costs` of the main workspace, where DVC runs a stage; else of the folder the command runs in."""
    return Path(os.environ.get("DVC_ROOT", ".")) / ".costs"


def folder_digest(folder: Path) -> str:
    """sha256 over the files of a folder: relative names with /, sorted, and contents; 64 hex digits.

    Two folders have one digest exactly where they hold the same files; times, modes and empty folders do
    not count.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder, so it has no digest; run `dvc repro`")
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    digest = hashlib.sha256()
    for name in sorted(files):
        with files[name].open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{len(name.encode())}:{name}\n{content}\n".encode())
    return digest.hexdigest()


def write_cost(
    detector: str,
    cell: str,
    weights: Path,
    *,
    seconds: float,
    samples: int,
    processes: int = 1,
    tried_seconds: Sequence[float] = (),
    kept: int = 0,
) -> Path:
    """Note what a training run cost, whole or not at all; the file of an earlier one is replaced.

    To be called by the process that trained, behind the training: peak memory and device are its own.

    Args:
        detector: Its name.
        cell: `Cell.name`: `<split>/<train_set>-<seed>`.
        weights: The folder that was trained, finished.
        seconds: See :class:`Cost`, as the others.
        samples: How many.
        processes: At least 1.
        tried_seconds: Of each candidate, where there were several.
        kept: Which of them was kept.

    Returns:
        The file.

    Raises:
        InputError: a number is no finite number from 0, or the folder is not there.
    """
    numbers = {"seconds": seconds, "samples": samples, "processes": processes}
    for name, value in numbers.items():
        if not _is_count(value):
            where = f"cost of {detector} {cell}"
            raise InputError(f"{where}: {name} must be a finite number from 0, is {value!r}")
    peak, device = peak_memory()
    cost = Cost(
        detector=detector,
        weights=folder_digest(weights),
        seconds=seconds,
        samples=samples,
        samples_per_second=samples / seconds if seconds else 0.0,
        peak_memory_bytes=peak,
        device=device,
        processes=processes,
        tried_seconds=list(tried_seconds),
        kept=kept,
    )
    path = costs_folder() / detector / f"{cell}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(cost), indent=2) + "\n")
    Path(temporary).replace(path)
    return path


def peak_memory() -> tuple[int, str]:
    """Most bytes that this process has held at once so far, and the device that they were of, in words.

    Those of the GPU where torch has used one, for then they are what decides whether training fits.
    """
    torch = sys.modules.get("torch")  # who has not loaded it has used no GPU
    if torch is not None:
        taken = {gpu: torch.cuda.max_memory_allocated(gpu) for gpu in range(torch.cuda.device_count())}
        most = max(taken, key=lambda gpu: taken[gpu], default=None)
        if most is not None and taken[most]:
            return taken[most], torch.cuda.get_device_name(most)
    return _resident(Path("/proc/self/status")), describe_machine()["processor"]


def _resident(status: Path) -> int:
    """Most bytes of memory that the process has held.

    Linux: VmHWM, since ru_maxrss begins with what the process had that started this one.
    """
    text = status.read_text() if status.is_file() else ""
    for line in text.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def read_cost(detector: str, cell: str, weights: Path) -> tuple[Cost | None, str]:
    """The cost of the weights that lie there; else None and why it is not known.

    Args:
        detector: Its name.
        cell: As in `write_cost`.
        weights: The trained folder, if it is there.

    Raises:
        InputError: the file is not one that `write_cost` writes.
    """
    path = costs_folder() / detector / f"{cell}.json"
    if not path.is_file():
        return None, NO_FILE
    if not weights.is_dir():
        return None, NO_WEIGHTS
    cost = _parse(path)
    return (cost, "") if cost.weights == folder_digest(weights) else (None, OTHER_WEIGHTS)


def _parse(path: Path) -> Cost:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        wanted = {field.name for field in fields(Cost)}
        if not isinstance(content, dict) or set(content) | {"tried_seconds", "kept"} != wanted:
            raise ValueError(f"it must have the keys {sorted(wanted)}")
        numbers = ("seconds", "samples", "samples_per_second", "peak_memory_bytes", "processes")
        tried, kept = content.get("tried_seconds", []), content.get("kept", 0)
        if not isinstance(tried, list) or not all(map(_is_count, [*map(content.get, numbers), *tried])):
            raise ValueError("one of its numbers is none")
        if kept not in range(max(1, len(tried))):
            raise ValueError("the candidate that was kept is none of those tried")
    except ValueError as error:
        raise InputError(f"{path} is no record of a cost ({error}); delete it") from error
    return Cost(**content)


def _is_count(value: Any) -> bool:
    """Whether it is a finite number from 0."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0
