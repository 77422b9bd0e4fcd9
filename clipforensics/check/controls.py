"""Whether controls will be made, and what they need of params.yaml beside their own section."""

from clipforensics.check.footage import Footage
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.controls.enabled import off_by
from clipforensics.controls.settings import ControlsSection


def controls_of(params: Params, footage: Footage | None) -> ControlsSection | None:
    """Section `controls`, where controls will be made; None where they will not, or cannot be told.

    Args:
        params: params.yaml as far as it is right.
        footage: The data set, or None where it could not be found.
    """
    section = params.section(ControlsSection)
    if section is None or footage is None or off_by(section.enabled, is_sample=footage.is_sample):
        return None
    return section


def check_controls(params: Params, footage: Footage | None, problems: Problems) -> None:
    """Tell it where the probe's section is missing, by which controls are fitted.

    Args:
        params: params.yaml as far as it is right.
        footage: The data set.
        problems: Receives what is wrong.
    """
    written = params.content.get("methods")
    if controls_of(params, footage) and isinstance(written, dict) and "baseline" not in written:
        problems.add(
            f"{params.path}: section `methods.baseline` is missing, by which controls are fitted; add it, or"
            " set controls.enabled to never"
        )
