"""What the stage `record` puts where git keeps it: the files of this run's cells, and no others."""

import os
from pathlib import Path

import pytest
import yaml

from clipforensics.core.faults import InputError
from stages import record

PROTOCOL = {
    "splits": ["per_class", "grouped"],
    "train_sets": ["FaceSwap"],
    "test_manipulations": ["rest"],
    "seeds": [1, 2],
}
WHOLE_RUN = {
    *("comparison.json", "controls.json", "explanations.json", "faces.json"),
    *("likelihood.json", "robustness.json"),
}
MATRIX = {
    *(f"evaluate/{d}/{s}/FaceSwap-{n}.json" for d in ("a", "b") for s in PROTOCOL["splits"] for n in (1, 2)),
    *(
        f"{folder}/{split}/FaceSwap.json"
        for folder in ("leakage", "leakage/content", "leakage/faces")
        for split in PROTOCOL["splits"]
    ),
}


@pytest.fixture(autouse=True)
def made(tmp_path, monkeypatch):
    """Files of the run, read-only as DVC links them, and one of a seed that is no longer named."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump({"detectors": ["a", "b"], "protocol": PROTOCOL}))
    for name in (*WHOLE_RUN, *MATRIX, "evaluate/a/grouped/FaceSwap-3.json"):
        path = Path("data/metrics", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{{"of": "{name}"}}\n')
        path.chmod(0o444)


def test_what_params_name_is_copied_byte_for_byte_and_can_be_written(capsys):
    record.main()
    kept = {p.relative_to("metrics").as_posix(): p for p in Path("metrics").rglob("*.json")}
    assert kept.keys() == WHOLE_RUN | MATRIX
    for name, path in kept.items():
        assert path.read_text() == f'{{"of": "{name}"}}\n'
        assert path.stat().st_mode & 0o200
        assert not os.path.samefile(path, Path("data/metrics", name))
    assert capsys.readouterr().out == "metrics: 20 files\n"


def test_a_missing_file_is_one_line():
    Path("data/metrics/evaluate/b/grouped/FaceSwap-2.json").unlink()
    with pytest.raises(InputError, match=r"b/grouped/FaceSwap-2.json does not exist; run `dvc repro"):
        record.main()
