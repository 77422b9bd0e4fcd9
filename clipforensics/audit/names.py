"""Names of videos, under a stated naming, to people."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from clipforensics.audit.lists import UNSAID
from clipforensics.audit.reading import FrameScores, Pair
from clipforensics.core.faults import InputError
from clipforensics.core.records import REAL, Video
from clipforensics.naming.choosing import read_all
from clipforensics.naming.doubts import check_pairs, owner_of
from clipforensics.naming.people import Naming, People, show
from clipforensics.report.wording.names import listed as names_listed
from clipforensics.sources.base import read_youtube_ids

_REAL_NAME = re.compile(
    r"(real|original|pristine)s?(?![a-z]).*|.*[-_ ](real|original|pristine)s?|youtube|actors", re.IGNORECASE
)


@dataclass(frozen=True)
class Part:
    """Videos of one part and, of each, its clip: the name without what a publisher put around it."""

    videos: tuple[Video, ...] = ()
    clips: tuple[str, ...] = ()

    def of(self, label: int) -> Iterator[tuple[Video, str]]:
        """Video and clip of those with this label."""
        pairs = zip(self.videos, self.clips, strict=True)
        return ((video, clip) for video, clip in pairs if video.label == label)


@dataclass(frozen=True)
class Names:
    """What the names say.

    Attributes:
        naming: Under which they were read.
        scored: The scored videos, in the order of `FrameScores.videos`.
        train: The training videos.
        val: The validation videos; None where no list of them was given.
        reals: Manipulations that mean real footage in any file, sorted.
        n_sharing: Training videos that share an identity or a clip with a scored video.
        owners: Where one identity is in most videos of a class: a row each of the class, the identity, in
            how many, and of how many. That no twin is found says nothing there.
    """

    naming: Naming
    scored: Part
    train: Part
    val: Part | None
    reals: tuple[str, ...]
    n_sharing: int
    owners: tuple[Mapping[str, object], ...] = field(default=())

    @property
    def videos(self) -> tuple[Video, ...]:
        """The scored videos."""
        return self.scored.videos


def read_names(
    scores: FrameScores,
    train: Sequence[Pair],
    *,
    naming: Naming,
    val: Sequence[Pair] | None = None,
    reals: Collection[str] = (),
    disjoint: bool = False,
    youtube: Mapping[str, str] | None = None,
) -> Names:
    """Find out who is in which video.

    Args:
        scores: The scored videos.
        train: The training videos.
        naming: How all of them are named.
        val: The videos on which thresholds, checkpoints or settings were chosen, if they are known.
        reals: Manipulations that mean real footage in the lists. Empty: those that have label 0 in
            `scores`, and those called real, original or pristine (`Celeb-real`, `original_sequences`),
            youtube or actors. A list that says no manipulations leaves it to the naming.
        disjoint: Training is known to share no identity with the scored videos.
        youtube: Identity to YouTube id, where sequences of one video count as one person.

    Raises:
        InputError: a name is doubtful under the naming; a manipulation has both labels; a name of `reals`
            is nowhere or has label 1; or no training video shares an identity with a scored one and
            `disjoint` is not set, since then the names of one file are most likely of another form, and the
            audit would find nothing.
    """
    labels = scores.labels.tolist()
    found = _reals(scores.videos, labels, [*train, *(val or ())], reals)
    known = youtube or {}
    tested = part_of(naming, scores.videos, labels, "SCORES", known)
    parts = {"SCORES": tested}

    def listed(pairs: Sequence[Pair], where: str) -> Part:
        stated = [None if m == UNSAID else int(m not in found) for m, _ in pairs]
        about = f"{where} (real there: {', '.join(sorted(found))}; --real NAME says otherwise)"
        parts[where] = part_of(naming, pairs, stated, about, known)
        return parts[where]

    trained = listed(train, "TRAIN")
    validation = None if val is None else listed(val, "VAL")
    check_together(naming, parts)
    n_sharing = _sharing(trained, tested)
    if not n_sharing and not disjoint:
        raise InputError(_nothing_joins(naming, scores.videos, train))
    return Names(
        naming=naming,
        scored=tested,
        train=trained,
        val=validation,
        reals=tuple(sorted(found)),
        n_sharing=n_sharing,
        owners=tuple([*_owners(tested, "scored"), *_owners(trained, "training")]),
    )


def part_of(
    naming: Naming,
    pairs: Sequence[Pair],
    labels: Sequence[int | None],
    where: str,
    youtube: Mapping[str, str],
) -> Part:
    """Records of videos; `path` keeps the name as it stood in the file.

    Args:
        naming: How they are named.
        pairs: Manipulation and name of each.
        labels: 0 real, 1 manipulated, None where only the name can say it.
        where: Which file, for messages.
        youtube: Identity to YouTube id.

    Raises:
        InputError: as `choosing.read_all` and `doubts.check_pairs`.
    """
    people = read_all(naming, [(name, y) for (_, name), y in zip(pairs, labels, strict=True)], where)
    check_pairs(naming, people, where)
    videos = tuple(_video(naming, pair, one, youtube) for pair, one in zip(pairs, people, strict=True))
    return Part(videos, tuple(one.clip for one in people))


def check_together(naming: Naming, parts: Mapping[str, Part]) -> None:
    """As `doubts.check_pairs`, over all parts by name: a serial number may show only where they meet.

    Raises:
        InputError: as `doubts.check_pairs`.
    """
    people = [
        People(clip, video.target, video.source, label=video.label)
        for part in parts.values()
        for video, clip in zip(part.videos, part.clips, strict=True)
    ]
    check_pairs(naming, people, names_listed(list(parts)))


def _video(naming: Naming, pair: Pair, people: People, youtube: Mapping[str, str]) -> Video:
    """The record of a video: identities are scoped by the naming, as by a data set."""
    manipulation, name = pair
    return Video(
        dataset=naming.name,
        manipulation=manipulation,
        compression="",
        target=people.target,
        source=people.source,
        take="",
        label=int(people.label or 0),
        target_youtube=youtube.get(people.target, ""),
        source_youtube=youtube.get(people.source, ""),
        path=name,
        others="+".join(people.others),
    )


def _sharing(trained: Part, tested: Part) -> int:
    people = {name for video in tested.videos for name in video.people}
    clips = set(tested.clips)
    return sum(
        clip in clips or not people.isdisjoint(video.people)
        for video, clip in zip(trained.videos, trained.clips, strict=True)
    )


def _owners(part: Part, kind: str) -> Iterator[Mapping[str, object]]:
    """Identities that are in most videos of a class: of the reals, and of each manipulation."""
    classes: dict[str, list[tuple[str, ...]]] = {}
    for video in part.videos:
        classes.setdefault(video.manipulation if video.label else REAL, []).append(video.people)
    for name, people in sorted(classes.items()):
        if owner := owner_of(people):
            yield {"part": kind, "class": name, **asdict(owner)}


def _reals(
    videos: Sequence[Pair], labels: Sequence[int], listed: Sequence[Pair], given: Collection[str]
) -> set[str]:
    """Manipulations that mean real footage."""
    has = [{m for (m, _), label in zip(videos, labels, strict=True) if label == kind} for kind in (0, 1)]
    trained = {manipulation for manipulation, _ in listed if manipulation != UNSAID}
    for name in sorted(has[0] & has[1]):
        raise InputError(
            f"manipulation {show(name)} has videos of label 0 and of label 1; give the real ones a name of"
            " their own, such as real, so that TRAIN can be read"
        )
    for name in sorted(given):
        if name in has[1]:
            raise InputError(f"--real {show(name)}: has label 1 in SCORES; name the real videos")
        if name not in has[0] | trained:
            every = ", ".join(show(other) for other in sorted(has[0] | trained)[:6])
            raise InputError(f"--real {show(name)}: is in neither file; give one of {every}")
    if given:
        return has[0] | set(given)
    scored = {name.casefold() for name in has[0]}
    return has[0] | {name for name in trained - has[1] if is_real(name) or name.casefold() in scored}


def is_real(manipulation: str) -> bool:
    """Whether a manipulation is called by a word that means real footage."""
    return _REAL_NAME.fullmatch(manipulation) is not None


def youtube_ids(path: Path | None) -> dict[str, str]:
    """FaceForensics++'s conversion_dict.json as identity to YouTube id; empty where no file is named.

    Raises:
        InputError: as `base.read_youtube_ids`.
    """
    return {} if path is None else read_youtube_ids(path)


def _nothing_joins(naming: Naming, videos: Sequence[Pair], train: Sequence[Pair]) -> str:
    def samples(pairs: Sequence[Pair]) -> str:
        return ", ".join(show(pair) for pair in dict(sorted(pairs)[::-1]).items())

    return (
        f"no training video shares an identity with a scored one: SCORES has names such as"
        f" {samples(videos)}, TRAIN such as {samples(train)}; read as naming {naming.name} ({naming.rule});"
        " if both name people in this way and training is meant to know none of these faces, pass --disjoint"
    )
