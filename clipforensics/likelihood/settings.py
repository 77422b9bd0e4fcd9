"""Section `likelihood` of params.yaml."""

from pydantic import Field

from clipforensics.core.params import Section
from clipforensics.likelihood.calibrate import Method


class LikelihoodSection(Section):
    """Section `likelihood` of params.yaml.

    Attributes:
        method: Map from scores to LRs whose curves are drawn, and which sentences speak of.
        alpha: Of each class, the part that may be called the other (see `abstention`).
        prior_log10_odds: Cross entropy is drawn for prior odds from 10^-this to 10^this.
    """

    method: Method
    alpha: float = Field(gt=0, lt=1)
    prior_log10_odds: float = Field(gt=0, le=6)
