"""Section `controls` of params.yaml."""

from pydantic import Field

from clipforensics.controls.enabled import Enabled
from clipforensics.controls.kinds import metadata, permuted
from clipforensics.controls.views import reencoded
from clipforensics.core.params import Section


class ViewsSection(Section):
    """Section `controls.views` of params.yaml: of every view that has settings."""

    reencoded: reencoded.Settings


class ControlsSection(Section):
    """Section `controls` of params.yaml.

    Attributes:
        enabled: Whether controls are made; see `enabled`.
        seed: Of every random draw.
        metadata: Of the control on file metadata.
        permuted: Of the control with permuted labels.
        views: Of controls on altered frames.
    """

    enabled: Enabled
    seed: int = Field(ge=0, lt=2**32)
    metadata: metadata.Settings
    permuted: permuted.Settings
    views: ViewsSection
