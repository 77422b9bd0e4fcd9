"""Who meets: read from params.yaml, and refused in one line."""

import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.statistics.settings import check_detector, read_compared
from stages import compare

COMPARE = {"reference": "a", "cluster": "identity", "n_replicates": 10, "seed": 1, "confidence": 0.9}
PARAMS = {"detectors": ["a", "b"], "evaluate": {"aggregate": "mean", "more": 1}, "compare": COMPARE}


def read(folder, **changes):
    (folder / "params.yaml").write_text(yaml.safe_dump({**PARAMS, **changes}))
    return read_compared(folder / "params.yaml")


def test_what_is_needed_is_read(tmp_path):
    compared, compare = read(tmp_path)
    assert (compared.detectors, compared.aggregate) == (["a", "b"], "mean")
    assert compare.model_dump() == COMPARE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compare": {**COMPARE, "reference": "c"}}, r"`compare.reference` is 'c'; .*\['a', 'b'\]"),
        ({"compare": {**COMPARE, "cluster": "frame"}}, "cluster"),
        ({"detectors": []}, "detectors"),
        ({"detectors": None}, "detectors"),
        ({"evaluate": None}, "aggregate"),
        ({"evaluate": {"aggregate": "sum"}}, "aggregate"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, **changes)


def test_the_shown_detector_is_one_of_them(tmp_path):
    check_detector(tmp_path, "detector", "a", ["a"])
    with pytest.raises(InputError, match="`detector` is None"):
        check_detector(tmp_path, "detector", None, ["a"])


def test_compare_refuses_to_show_a_detector_that_is_not_there(tmp_path, monkeypatch):
    protocol = {"splits": ["grouped"], "train_sets": ["FS"], "test_manipulations": ["NT"], "seeds": [1]}
    settings = {**PARAMS, "protocol": protocol, "detector": "c", "split": {"n_folds": 5}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"`detector` is 'c'; it must be one of"):
        compare.main()
