"""Controls need the probe's section, wherever they will be made."""

from pathlib import Path

import yaml

from clipforensics.check.controls import controls_of
from tests.support.settings import PARAMS, checked, problems


def without_baseline() -> dict:
    """LoRA alone; no section of the probe is left."""
    content = yaml.safe_load(Path(PARAMS).read_text())
    del content["methods"]["baseline"]
    content |= {"detectors": ["lora", "mlp"], "detector": "lora"}
    content["compare"]["reference"] = "lora"
    Path(PARAMS).write_text(yaml.safe_dump(content))
    return content


def test_the_sample_has_none_unless_they_are_asked_for():
    found = checked()
    assert controls_of(found.params, found.footage) is None
    found = checked(controls={"enabled": "always"})
    assert controls_of(found.params, found.footage) is not None
    assert controls_of(found.params, None) is None, "where the data set is not known, nothing is told"


def test_a_missing_probe_is_told_only_where_controls_are_made():
    without_baseline()
    assert problems() == []
    (line,) = problems(controls={"enabled": "always"})
    assert line.startswith("params.yaml: section `methods.baseline` is missing, by which controls are fitted")
