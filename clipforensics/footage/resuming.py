"""Work on many videos, several side by side, that is never done twice: what was found in each is kept."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from tqdm import tqdm

from clipforensics.core.faults import InputError
from clipforensics.core.records import Skipped, Video
from clipforensics.footage.holding import work_on
from clipforensics.footage.probing import check_share
from clipforensics.footage.reasons import DIED, late_after, may_pass
from clipforensics.machine.kept import Kept, map_kept

Found = list[Any] | str
"""Of one video: what was found in it, as JSON can hold it, or why nothing can be."""


@dataclass
class Tally:
    """What was found so far, counted; it is kept on disk itself, so that memory stays flat.

    Attributes:
        n_done: Videos.
        n_found: Things found in them.
        n_with: Videos with any.
        skipped: Videos that could not be read.
    """

    n_done: int = 0
    n_found: int = 0
    n_with: int = 0
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, found: Found, skipped: Skipped | None) -> None:
        """Count one video."""
        self.n_done += 1
        if skipped is not None:
            self.skipped.append(skipped)
        else:
            self.n_found += len(found)
            self.n_with += bool(found)


class Shares:
    """Videos that cannot be used, against the share of their data set's that may be so."""

    def __init__(self, videos: Sequence[Video], limits: Mapping[str, float]) -> None:
        """Nobody has failed yet.

        Args:
            videos: Of all data sets.
            limits: Name of a setting -> largest fraction.
        """
        self._n_videos, self._limits = Counter(video.dataset for video in videos), limits
        self._found: dict[tuple[str, str], list[Skipped]] = defaultdict(list)

    def add(self, one: Skipped, param: str) -> None:
        """Raise InputError if that is one too many for the setting."""
        found = self._found[one.dataset, param]
        found.append(one)
        check_share(found, self._n_videos[one.dataset], max_skipped=self._limits[param], param=param)


def work_through(
    videos: Sequence[Video],
    roots: Mapping[str, Path],
    keys: Sequence[str],
    find: Callable[[Video], list[Any]],
    kept: Kept,
    *,
    stage: str,
    doing: str,
    workers: int,
    param: str,
    max_skipped: float,
    max_probe_seconds: float = inf,
    sees: Iterable[Path] = (),
) -> Tally:
    """Find something in every video of which it is not kept; a killed run goes on where it stopped.

    Args:
        videos: In order.
        roots: Of each data set the folder that its videos' paths are relative to.
        keys: Of what is found in each.
        find: What there is in a video, as JSON can hold it; may raise UnreadableVideo.
        kept: Where it lies afterwards, for `read_found`; opened.
        stage: Named in what is skipped.
        doing: Shown beside the progress.
        workers: Processes.
        param: The setting `max_skipped`, by name.
        max_skipped: Largest fraction of a data set's videos that may not be readable.
        max_probe_seconds: Longest time that is spent on one.
        sees: Files and folders that are read beside the roots, as in `map_in_order`.

    Raises:
        InputError: more of them failed, in this run and those before; or one is not what `ingest` saw.
    """
    tally, shares = Tally(), Shares(videos, {param: max_skipped})
    options: dict[str, Any] = {"workers": workers, "died": lambda video: DIED, "lasting": _lasts}
    options |= {"seconds": max_probe_seconds, "late": lambda video: late_after(max_probe_seconds)}
    options["sees"] = [*roots.values(), *sees]
    results = map_kept(partial(_find, find, roots), videos, keys, kept, **options)
    with closing(results), tqdm(total=len(videos), desc=doing, unit="video", disable=None) as bar:
        for video, found in zip(videos, results, strict=True):
            skipped = Skipped(stage, video.path, found, video.dataset) if isinstance(found, str) else None
            tally.add(found, skipped)
            bar.update()
            if skipped is not None:
                shares.add(skipped, param)
    return tally


def read_found(
    videos: Sequence[Video], keys: Sequence[str], kept: Kept, skipped: Sequence[Skipped]
) -> Iterator[tuple[str, list[Any]]]:
    """Of each video that could be read its key and what was found, read as it is wanted.

    Raises:
        InputError: somebody cleared what is kept meanwhile.
    """
    passing = {(one.dataset, one.path) for one in skipped}
    for video, key in zip(videos, keys, strict=True):
        (found,) = kept.get([key])
        if found is None and (video.dataset, video.path) not in passing:
            raise InputError(f"{kept.folder} was cleared while it was used; run `dvc repro` again")
        if isinstance(found, list):
            yield video.key, found


def _find(find: Callable[[Video], list[Any]], roots: Mapping[str, Path], video: Video) -> Found:
    return work_on(video, roots[video.dataset], partial(find, video))


def _lasts(found: Found) -> bool:
    """Whether it is of the video's content; what the system kept from being read is read again."""
    return isinstance(found, list) or not may_pass(found)
