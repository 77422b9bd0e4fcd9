"""All checks in one go: what the command and the stage `check` share."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clipforensics.check.controls import check_controls
from clipforensics.check.encoder import Described, check_encoder
from clipforensics.check.engine import check_embedding
from clipforensics.check.environment import check_environment
from clipforensics.check.faces import check_faces
from clipforensics.check.fit import check_fit
from clipforensics.check.footage import Footage, find_footage
from clipforensics.check.names import check_names
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params, read_params
from clipforensics.check.splits import PartSizes, check_splits


@dataclass(frozen=True)
class Checked:
    """What was found; where something is wrong, as far as it is right.

    Attributes:
        params: params.yaml.
        footage: The data set.
        splits: Videos of each part, by split and train set.
        encoder: Its shape.
        problems: What is wrong, one line each; a run would be refused.
    """

    params: Params
    footage: Footage | None
    splits: Mapping[tuple[str, str], PartSizes]
    encoder: Described | None
    problems: list[str]


def check_everything(params: Path, profiles: Path) -> Checked:
    """Environment, settings, names, data, detector, splits, encoder; nothing is decoded or written.

    Paths that settings name are relative to the working folder, as they are for the stages.

    Args:
        params: params.yaml.
        profiles: Folder of the data sets' profiles.
    """
    problems = Problems()
    check_environment(problems)
    read = read_params(params, problems)
    if not read.content:
        return Checked(read, None, {}, None, problems.lines)
    check_names(read, problems)
    footage = find_footage(read, profiles, problems)
    check_faces(read, footage, problems)
    splits = check_splits(read, footage, problems)
    encoder = check_encoder(read, footage, problems)
    check_fit(read, encoder, problems)
    check_embedding(read, profiles, problems)
    check_controls(read, footage, problems)
    return Checked(read, footage, splits, encoder, problems.lines)
