"""The template that `dvc plots` draws the matrix with."""

import json
from pathlib import Path

from clipforensics.comparison.plots import COLUMNS, PART_OF_STRATUM

TEMPLATE = Path(__file__).parents[2] / ".dvc/plots/heatmap.json"


def test_cells_of_validation_say_so_and_no_field_is_unknown():
    spec = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    formulas = {one["as"]: one["calculate"] for one in spec["transform"]}
    assert formulas["value"].endswith("(datum.part == 'validation' ? ' (val)' : '')")
    assert "validation" in PART_OF_STRATUM.values()
    used = {
        word.split(".")[1].strip("(),'") for f in formulas.values() for word in f.split() if "datum." in word
    }
    assert used <= {*COLUMNS, "rev"}
