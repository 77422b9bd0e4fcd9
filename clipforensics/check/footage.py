"""The data set by listing alone: its profile, its root, its layout, and how many videos of what it has."""

from dataclasses import dataclass, replace
from pathlib import Path

from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.core.records import Video
from clipforensics.footage.digests import find_digests
from clipforensics.footage.probing import IngestSection, check_videos
from clipforensics.sources.base import Profile, check_profile
from clipforensics.sources.in_use import SAMPLE, DataSet, collect_profiles


@dataclass(frozen=True)
class Footage:
    """A data set before any of it is decoded.

    Attributes:
        dataset: Its name.
        profile: Of conf/data.
        root: Its folder.
        videos: Named as `ingest` will name them; without digests, counts and sizes.
        n_skipped: Files that it will leave out for their names alone.
        others: The data sets that are only tested on.
    """

    dataset: str
    profile: Profile
    root: Path
    videos: list[Video]
    n_skipped: int
    others: tuple["Footage", ...] = ()

    @property
    def every(self) -> tuple["Footage", ...]:
        """This one, and those that are only tested on."""
        return (self, *self.others)

    @property
    def all_videos(self) -> list[Video]:
        """Of all data sets, this one's first."""
        return [video for one in self.every for video in one.videos]

    @property
    def is_sample(self) -> bool:
        """Whether its videos are rendered by the first run."""
        return self.profile.layout == SAMPLE


def find_footage(params: Params, profiles: Path, problems: Problems) -> Footage | None:
    """List the videos of the run's data sets; the sample's as they will be rendered.

    Args:
        params: As far as it is right.
        profiles: Folder of the profiles.
        problems: Receives what is wrong.

    Returns:
        None where it cannot be listed; then there is a problem more.
    """
    with problems.caught():
        contents = collect_profiles(params.path, profiles)
        first, *others = (
            DataSet(name, check_profile(content, str(profiles / f"{name}.yaml")), number == 0)
            for number, (name, content) in enumerate(contents.items())
        )
        found = _list(first, params)
        before = len(problems.lines)
        tested = []
        for one in others:
            with problems.caught(f"protocol.test_on {one.name}"):
                tested.append(_list(one, params))
        return replace(found, others=tuple(tested)) if len(problems.lines) == before else None
    return None


def _list(one: DataSet, params: Params) -> Footage:
    made_here = one.profile.layout == SAMPLE
    root = Path(one.profile.root) if made_here else one.root
    videos, skipped = one.find_videos(planned=made_here)
    find_digests(one.profile.digests, root)
    ingest = params.section(IngestSection)
    check_videos(videos, skipped, max_skipped=ingest.max_skipped if ingest else 1.0)
    return Footage(one.name, one.profile, root, videos, len(skipped))
