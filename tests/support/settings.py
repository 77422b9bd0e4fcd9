"""params.yaml and the profiles as they are shipped, in a folder of their own, to be spoilt and checked."""

import shutil
from pathlib import Path

from clipforensics.check.everything import Checked, check_everything
from tests.support.repository import ROOT, edit_yaml

PARAMS, PROFILES = Path("params.yaml"), Path("conf/data")


def write_shipped(folder: Path) -> None:
    """What `check` looks at in a fresh clone."""
    shutil.copytree(ROOT / PROFILES, folder / PROFILES)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, folder / name)


def checked(**changes: object) -> Checked:
    """Everything checked in the working folder, once params.yaml is changed so."""
    if changes:
        edit_yaml(PARAMS, changes)
    return check_everything(PARAMS, PROFILES)


def problems(**changes: object) -> list[str]:
    """Its problems."""
    return checked(**changes).problems
