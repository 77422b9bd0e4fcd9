"""Settings chosen on validation: every candidate is trained on the same rows and seed, and the best is kept.

The order is that of `Validation.rank`, by which checkpoints are chosen too; of equals the first. What is kept
is to the byte what the best candidate's settings train to by themselves, with choices.json beside it.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from clipforensics.adaptation.contract import Detector
from clipforensics.adaptation.record import CHOICES, write_choices
from clipforensics.core.faults import InputError
from clipforensics.machine.devices import choose_device
from clipforensics.training.candidates import Candidate
from clipforensics.training.processes import ALONE, Processes
from clipforensics.training.task import Fit, Task, tried_row
from clipforensics.training.trainer import Diverged

FIT, WEIGHTS = "fit.json", "weights"


@dataclass(frozen=True)
class Choice:
    """What came of all candidates.

    Attributes:
        fits: Of each, in the order tried.
        best: Which of them was kept.
    """

    fits: Sequence[Fit]
    best: int

    @property
    def kept(self) -> Fit:
        """That of the candidate that was kept."""
        return self.fits[self.best]

    def spent(self) -> dict[str, Any]:
        """What all of it cost, in the words of `costs.write_cost`."""
        each = [fit.seconds for fit in self.fits]
        several = {"tried_seconds": each, "kept": self.best} if len(each) > 1 else {}
        return {"seconds": sum(each), "samples": sum(fit.samples for fit in self.fits), **several}


def choose(method: Detector, task: Task, candidates: Sequence[Candidate[Any]], folder: Path) -> Choice:
    """Train every candidate, write the folder of the best.

    A run that was killed goes on: finished candidates are not trained again, the unfinished one is resumed.
    With several processes each trains every candidate with the others, and the first writes.

    Args:
        method: Whose candidates they are.
        task: The same for all of them.
        candidates: As `read_candidates` gives them. A single one is trained as it is.
        folder: Of the detector; emptied first where there are several candidates.

    Raises:
        Diverged: the only candidate's loss became infinite or NaN.
        InputError: so did that of every candidate; or the settings do not fit the encoder.
    """
    first = (task.processes or ALONE).first
    if len(candidates) == 1:
        choice = Choice([method.fit(task, candidates[0].settings, folder)], 0)
    else:
        choice = _try_all(method, task, candidates)
        if first:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(_place(task, choice.best) / WEIGHTS, folder)
    if first:
        _record(method, task, candidates, choice, folder)
    return choice


def better(fit: Fit, than: Fit) -> bool:
    """Whether a candidate stands before one that was tried earlier."""
    return not fit.diverged and (than.diverged or fit.rank > than.rank)


def _try_all(method: Detector, task: Task, candidates: Sequence[Candidate[Any]]) -> Choice:
    first = (task.processes or ALONE).first
    fits: list[Fit] = []
    best = 0
    for number, candidate in enumerate(candidates):
        fits.append(_try(method, task, candidate, _place(task, number)))
        best = number if better(fits[number], fits[best]) else best
        if first:
            _tidy(task, number, best)
            print(f"{number + 1} of {len(candidates)}: {_found(candidate, fits[number])}", flush=True)
    if fits[best].diverged:
        raise InputError(
            f"none of the {len(candidates)} candidates can be kept; the first: {fits[0].summary}"
        )
    return Choice(fits, best)


def _try(method: Detector, task: Task, candidate: Candidate[Any], place: Path) -> Fit:
    """Train one candidate in a scratch folder of its own, or read how it went in a run that was killed."""
    processes, done = task.processes or ALONE, place / FIT
    if (earlier := _read_fit(done, processes)) is not None:
        return earlier
    place.mkdir(parents=True, exist_ok=True)
    try:
        fit = method.fit(replace(task, scratch=place), candidate.settings, place / WEIGHTS)
    except Diverged as error:
        fit = replace(error.progress.as_fit(), diverged=True, summary=str(error))
    if processes.first:
        part = done.with_suffix(".part")
        part.write_text(json.dumps(asdict(fit)), encoding="utf-8")  # NaN stays NaN: nobody else reads it
        os.replace(part, done)
    return fit


def _read_fit(path: Path, processes: Processes) -> Fit | None:
    """What the first process finds there, for all of them to have."""
    found = path.read_text(encoding="utf-8") if processes.first and path.is_file() else ""
    text = processes.tell(found, choose_device())
    if not text:
        return None
    content = json.loads(text)
    return Fit(**{**content, "rank": tuple(content["rank"])})


def _place(task: Task, number: int) -> Path:
    return task.scratch / f"candidate-{number}"


def _tidy(task: Task, tried: int, best: int) -> None:
    """Of the candidates tried so far keep how they went, and the weights of the best: disks are finite."""
    for number in range(tried + 1):
        kept = {FIT, WEIGHTS} if number == best else {FIT}
        for path in _place(task, number).iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def in_words(choice: Choice, candidates: Sequence[Candidate[Any]]) -> str:
    """What was kept, as the end of a line for the terminal."""
    found = _found(candidates[choice.best], choice.kept)
    return f"best of {len(candidates)}: {found}" if len(candidates) > 1 else found


def _found(candidate: Candidate[Any], fit: Fit) -> str:
    values = "".join(f"{key} {value}, " for key, value in candidate.chosen.items())
    return values + (
        fit.summary if fit.diverged else f"{fit.summary}, validation video AUC {fit.rank[0]:.4f}"
    )


def _record(
    method: Detector, task: Task, candidates: Sequence[Candidate[Any]], choice: Choice, folder: Path
) -> None:
    """Write choices.json where more than one was tried, by this room or by the method itself."""
    rows: list[dict[str, Any]] = []
    best = 0
    for candidate, fit in zip(candidates, choice.fits, strict=True):
        if fit is choice.kept:
            ranks = [(row["val_auc"], row["val_frame_auc"]) for row in fit.tried]
            best = len(rows) + (ranks.index(max(ranks)) if ranks else 0)
        rows += [{**row, "settings": {**candidate.chosen, **row["settings"]}} for row in fit.tried]
        if not fit.tried:
            rank = None if fit.diverged else fit.rank
            rows.append(tried_row(candidate.chosen, rank, epochs=fit.epochs, ended=_ended(method, task, fit)))
    (folder / CHOICES).unlink(missing_ok=True)
    if len(rows) > 1:
        write_choices(folder, max_runs=task.budget.choice.max_runs, tried=rows, best=best)


def _ended(method: Detector, task: Task, fit: Fit) -> str:
    budget = task.budget.pixels if method.reads == "pixels" else task.budget.embeddings
    return "diverged" if fit.diverged else "patience" if fit.epochs < budget.epochs else "epochs"
