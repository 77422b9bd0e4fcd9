"""The data set by listing alone: its profile, its root, its layout, and how many videos of what it has."""

from dataclasses import dataclass
from pathlib import Path

from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.core.records import Video
from clipforensics.footage.probing import IngestSection, check_videos
from clipforensics.sources.base import Profile, layout_module, load_profile, profile_path, resolve_root

SAMPLE = "sample"
"""The layout whose videos, and encoder, the first run makes."""


@dataclass(frozen=True)
class Footage:
    """A data set before any of it is decoded.

    Attributes:
        dataset: Its name.
        profile: Of conf/data.
        root: Its folder.
        videos: Named as `ingest` will name them; without digests, counts and sizes.
        n_skipped: Files that it will leave out for their names alone.
    """

    dataset: str
    profile: Profile
    root: Path
    videos: list[Video]
    n_skipped: int

    @property
    def is_sample(self) -> bool:
        """Whether its videos are rendered by the first run."""
        return self.profile.layout == SAMPLE


def find_footage(params: Params, profiles: Path, problems: Problems) -> Footage | None:
    """List the data set's videos; the sample's as they will be rendered.

    Args:
        params: As far as it is right.
        profiles: Folder of the profiles.
        problems: Receives what is wrong.

    Returns:
        None where it cannot be listed; then there is a problem more.
    """
    with problems.caught():
        dataset = params.content.get("dataset")
        path = profile_path(profiles, dataset)
        profile = load_profile(path)
        module = layout_module(profile.layout)
        made_here = profile.layout == SAMPLE
        root = Path(profile.root) if made_here else resolve_root(profile)
        lister = module.plan_videos if made_here else module.find_videos
        videos, skipped = lister(profile, root, dataset=dataset)
        ingest = params.section(IngestSection)
        check_videos(videos, skipped, max_skipped=ingest.max_skipped if ingest else 1.0)
        return Footage(str(dataset), profile, root, videos, len(skipped))
    return None
