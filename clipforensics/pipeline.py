"""What DVC knows of the pipeline, asked in this process: one start of DVC instead of one a question.

Every question is asked under DVC's repository lock. A dvc process writes `dvc.lock` in place and holds
that lock meanwhile, so whoever reads without it may find half a file.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.utils.serialize import dump_yaml, parse_yaml, parse_yaml_for_update

from clipforensics.core.faults import InputError

LOCK = Path("dvc.lock")
PATIENCE = 5
"""After so many tries of three seconds to get DVC's lock, it is said what is being waited for."""


def find_root() -> Path:
    """The folder of the DVC repository around the working directory.

    Raises:
        InputError: there is none.
    """
    with _dvc_errors():
        return Path(Repo.find_root())


def cache_folder() -> Path:
    """Where DVC keeps what stages made, by the md5 of the content.

    Raises:
        InputError: the working folder is in no DVC repository.
    """
    with _dvc_errors(), Repo() as repo:
        return Path(repo.cache.local.path)


def read_stages() -> dict[str, frozenset[str]]:
    """Every stage, in the order in which `dvc repro` runs them, to the stages whose outputs it reads.

    Like all functions here, of the repository whose root is the working directory.

    Raises:
        InputError: DVC cannot read dvc.yaml, params.yaml, dvc.lock or the list of those who read and write.
    """
    with _dvc_errors(), Repo() as repo, _held(repo):
        _check_readers(Path(repo.tmp_dir) / "rwlock")
        graph = get_active_graph(repo.index.graph)
        return {
            stage.addressing: frozenset(read.addressing for read in graph.successors(stage))
            for stage in plan_repro(graph)
        }


def find_changed(names: Iterable[str]) -> list[str]:
    """Those of some stages that `dvc repro` would run, judged by the function by which it judges.

    Raises:
        InputError: another dvc process is writing what they read.
    """
    wanted = list(names)
    with _dvc_errors(), Repo() as repo, _held(repo):
        stages = {stage.addressing: stage for stage in repo.index.stages}
        return [name for name in wanted if stages[name].changed()]


def recorded_stages() -> list[str]:
    """Names of the stages in dvc.lock, in its order; none if there is no such file."""
    with _dvc_errors(), Repo() as repo, _held(repo):
        return _names(LOCK.read_text(encoding="utf-8")) if LOCK.exists() else []


def committed_stages() -> set[str]:
    """Names of the stages in the dvc.lock of git's HEAD; none without git, HEAD or such a file."""
    command = ["git", "show", f"HEAD:./{LOCK}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    except FileNotFoundError:
        return set()
    return set(_names(done.stdout)) if done.returncode == 0 else set()


def put_in_order(order: Sequence[str], *, old: Iterable[str]) -> None:
    """Put the new entries of dvc.lock in the order in which one `dvc repro` would have written them.

    DVC appends a new entry when its stage has ended, and stages that run side by side end in any order.

    Args:
        order: All stages, in the order of `dvc repro`.
        old: Entries that were there before; they stay first, in the order in which they are.
    """
    old, rank = set(old), {name: i for i, name in enumerate(order)}
    with _dvc_errors(), Repo() as repo, _held(repo), repo.scm_context(quiet=True) as context:
        content = parse_yaml_for_update(LOCK.read_text(encoding="utf-8"), str(LOCK)) if LOCK.exists() else {}
        entries = content.get("stages", {})
        key = {name: -1 if name in old else rank.get(name, len(rank)) for name in entries}
        wanted = sorted(entries, key=key.__getitem__)
        if wanted == list(entries):
            return
        for name in wanted:
            entries[name] = entries.pop(name)
        _replace(LOCK, content, folder=Path(repo.tmp_dir))
        context.track_file(str(LOCK))


@contextmanager
def dvc_at_rest() -> Iterator[None]:
    """While the body runs, no dvc process of this repository writes dvc.lock, its cache or git's index.

    So a dvc process that is killed in the body leaves nothing half written.

    Raises:
        InputError: the working folder is in no DVC repository.
    """
    with _dvc_errors(), Repo() as repo, _held(repo):
        yield


@contextmanager
def _held(repo: Repo) -> Iterator[None]:
    """Hold the repository lock; a dvc process has it for seconds, never while a stage's command runs."""
    for n_tries in itertools.count(1):
        try:
            repo.lock.lock()  # tries for three seconds
            break
        except LockError:
            if n_tries == PATIENCE:
                print(f"waiting for another dvc process, which holds {repo.lock.lockfile}", file=sys.stderr)
    try:
        yield
    finally:
        repo.lock.unlock()


@contextmanager
def _dvc_errors() -> Iterator[None]:
    """Turn what DVC complains about into an InputError."""
    try:
        yield
    except DvcException as error:
        text = f"dvc: {error}"
        if error.__cause__ is not None:
            text += f": {error.__cause__}"
        if str(LOCK) in text:
            text += (
                f"; if dvc was killed while it wrote {LOCK}, `clipforensics check --mend` and run again:"
                " finished cells come back from DVC's cache"
            )
        raise InputError(text) from error


def _check_readers(path: Path) -> None:
    """Of DVC's list of files that are read and written; it is written under the repository lock."""
    try:
        json.loads(path.read_bytes())
    except FileNotFoundError:
        return
    except ValueError as error:
        raise InputError(
            f"{path} is cut short: a dvc was killed while it wrote it; run `clipforensics check --mend`"
        ) from error


def _names(text: str) -> list[str]:
    return list(parse_yaml(text, str(LOCK)).get("stages", {}))


def _replace(path: Path, content: object, *, folder: Path) -> None:
    """Write YAML as DVC does, at once or not at all."""
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f"{path.name}.")
    os.close(handle)
    try:
        dump_yaml(temporary, content)
        os.chmod(temporary, path.stat().st_mode)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
