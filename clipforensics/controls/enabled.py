"""Whether a run has controls: the setting `controls.enabled`."""

from pathlib import Path
from typing import Literal, cast, get_args

from clipforensics.core.faults import InputError
from clipforensics.core.params import read_value, read_yaml

Enabled = Literal["auto", "always", "never"]
"""auto is always for real footage, never for the built-in sample, whose videos are all rendered alike."""


def off_by(enabled: Enabled, *, is_sample: bool) -> str:
    """Why a run has no controls; empty if it has.

    Args:
        enabled: As in params.yaml.
        is_sample: Whether the data set is the built-in sample.
    """
    if enabled == "never":
        return "not made: controls.enabled is never"
    if enabled == "auto" and is_sample:
        return "not made: controls.enabled is auto, and the data set is the built-in sample"
    return ""


def why_off(params: Path, profiles: Path) -> str:
    """The same, as params.yaml and the data set's profile have it.

    Args:
        params: params.yaml.
        profiles: Folder of the data sets' profiles.

    Raises:
        InputError: the setting is missing or none of `Enabled`.
    """
    enabled, name = read_value(params, "controls", "enabled", str), read_value(params, "", "dataset", str)
    if enabled not in get_args(Enabled):
        raise InputError(f"{params}: `controls.enabled` is {enabled!r}; write auto, always or never")
    is_sample = read_yaml(profiles / f"{name}.yaml").get("layout") == "sample"
    return off_by(cast(Enabled, enabled), is_sample=is_sample)


def empty_folder(folder: Path, reason: str) -> None:
    """An output folder that holds a line on why it is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.txt").write_text(f"Controls {reason}.\n", encoding="utf-8")
