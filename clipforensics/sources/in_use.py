"""The data sets of a run: the one that is trained on, and those that are only tested on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from clipforensics.core.faults import InputError
from clipforensics.core.params import read_yaml
from clipforensics.core.records import OF, Skipped, Video, check_unique
from clipforensics.sources.base import (
    Profile,
    check_profile,
    common_profile,
    layout_module,
    profile_path,
    resolve_root,
)

SAMPLE = "sample"
"""The layout whose videos, and encoder, the first run makes."""


@dataclass(frozen=True)
class DataSet:
    """One data set of a run.

    Attributes:
        name: Of its profile.
        profile: Checked against its layout.
        is_trained_on: Whether training and validation draw from it; else it is tested on as a whole, or where
            its publisher made a test part, on that.
    """

    name: str
    profile: Profile
    is_trained_on: bool

    @property
    def root(self) -> Path:
        """Its folder; InputError where there is none."""
        return resolve_root(self.profile)

    def find_videos(self, *, planned: bool = False) -> tuple[list[Video], list[Skipped]]:
        """Its videos, unprobed, and files that are left out.

        Manipulations of a data set that is only tested on, and its reals, are named `<name>@<data set>`: the
        same name elsewhere is not the same footage. Of such a data set the videos that its publisher put into
        another part than test are left aside, unless none is in test.

        Args:
            planned: Whether the sample's videos are named as they will be rendered, without rendering them.

        Raises:
            InputError: as the layout raises it, or two videos have one key.
        """
        module = layout_module(self.profile.layout)
        found, skipped = (
            module.plan_videos(self.profile, Path(self.profile.root), dataset=self.name)
            if planned
            else module.find_videos(self.profile, self.root, dataset=self.name)
        )
        whose = self.profile.identities_of
        videos = [replace(video, identities_of=whose) for video in found] if whose else found
        if not self.is_trained_on:
            videos = [_only_tested(video) for video in _test_part(videos)]
        check_unique(videos)
        return videos, [replace(one, dataset=self.name) for one in skipped]


def read_data_sets(path: Path) -> list[DataSet]:
    """The data sets of the file that `write_profiles` wrote, the one that is trained on first.

    Raises:
        InputError: the file is missing, or a profile is wrong.
    """
    contents = read_yaml(path)
    return [
        DataSet(name, check_profile(content, f"profile {name}"), number == 0)
        for number, (name, content) in enumerate(contents.items())
    ]


def read_common(path: Path) -> dict[str, Profile]:
    """Of each data set what every profile has, without importing its layout; in the same order.

    Raises:
        InputError: the file is missing, or one of these keys is of a wrong type.
    """
    return {name: common_profile(content, f"profile {name}") for name, content in read_yaml(path).items()}


def read_roots(path: Path) -> dict[str, Path]:
    """Folder of each data set by its name.

    Raises:
        InputError: as `read_common`, or a folder is not there.
    """
    return {name: resolve_root(profile) for name, profile in read_common(path).items()}


def collect_profiles(params: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """What the profiles of a run's data sets hold: of `dataset`, then of each in `protocol.test_on`.

    Args:
        params: params.yaml.
        folder: Of the profiles.

    Raises:
        InputError: a name is no profile's, or comes twice, or is the sample's where only a test is wanted.
    """
    settings = read_yaml(params)
    trained = settings.get("dataset")
    contents = {str(trained): read_yaml(profile_path(folder, trained))}
    protocol = settings.get("protocol")
    named = protocol.get("test_on") if isinstance(protocol, dict) else None
    for name in named if isinstance(named, list) else ():  # what else it is, section `protocol` refuses
        if name in contents:
            raise InputError(f"{params}: `protocol.test_on`: {name!r} is named already; remove it")
        content = read_yaml(profile_path(folder, name, "protocol.test_on"))
        if content.get("layout") == SAMPLE:
            raise InputError(
                f"{params}: `protocol.test_on`: {name!r} is rendered here, where it is `dataset`; remove it"
            )
        contents[name] = content
    return contents


def write_profiles(path: Path, contents: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the file that later stages read: profiles by name, in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(contents), sort_keys=False, allow_unicode=True), encoding="utf-8")


def _only_tested(video: Video) -> Video:
    return replace(video, manipulation=f"{video.manipulation}{OF}{video.dataset}")


def _test_part(videos: Sequence[Video]) -> list[Video]:
    """What the publisher put into test; all, where nothing is."""
    return [video for video in videos if video.part == "test"] or list(videos)
