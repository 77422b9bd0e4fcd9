"""Which run the page is of: read whole from params.yaml, a misspelt section refused."""

import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.report.reading.settings import read_run
from tests.support.imports import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def run(folder, layout="sample", **changes):
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS | changes))
    (folder / "conf").mkdir()
    (folder / "conf/mine.yaml").write_text(f"layout: {layout}\n")
    return read_run(folder / "params.yaml", folder / "conf")


def test_the_run_has_the_cells_and_switches_of_params(tmp_path):
    found = run(tmp_path, dataset="mine", robustness=PARAMS["robustness"] | {"enabled": False})
    assert (found.dataset, found.is_sample, found.detector) == ("mine", True, PARAMS["detector"])
    assert found.detectors == PARAMS["detectors"]
    assert [found.splits, found.train_sets, found.seeds] == [
        PARAMS["protocol"][key] for key in ("splits", "train_sets", "seeds")
    ]
    assert (found.with_robustness, found.with_explanations) == (False, PARAMS["explain"]["enabled"])
    assert found.settings["methods"] == PARAMS["methods"]


def test_only_the_samples_layout_is_the_sample(tmp_path):
    assert run(tmp_path, layout="manifest", dataset="mine").is_sample is False


def test_a_section_that_nobody_reads_is_refused(tmp_path):
    with pytest.raises(InputError, match="detektor"):
        run(tmp_path, dataset="mine", detektor="lora")
