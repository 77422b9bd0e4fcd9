"""What training cost: written whole, believed only for the weights that it was paid for."""

import json
import subprocess
import sys
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.training import costs
from clipforensics.training.costs import costs_folder, folder_digest, read_cost, write_cost
from clipforensics.training.hardware import describe_machine

CELL = "per_class/FaceSwap-42"
PAID = {"seconds": 20.0, "samples": 500, "processes": 2}


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    folder = tmp_path / "weights"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "w.safetensors").write_bytes(b"123")
    (folder / "detector.json").write_text("{}")
    return folder


def test_what_is_written_is_read_and_another_run_replaces_it(weights, tmp_path):
    path = write_cost("lora", CELL, weights, **PAID)
    assert path == tmp_path / ".costs" / "lora" / "per_class" / "FaceSwap-42.json"
    found, why = read_cost("lora", CELL, weights)
    assert (found.seconds, found.samples_per_second, found.processes, why) == (20.0, 25.0, 2, "")
    assert set(json.loads(path.read_text())) == {
        "detector", "weights", "seconds", "samples", "samples_per_second", "peak_memory_bytes", "device",
        "processes", "tried_seconds", "kept",
    }  # fmt: skip
    assert found.chosen_seconds == 20.0
    write_cost("lora", CELL, weights, **{**PAID, "seconds": 10.0})
    assert read_cost("lora", CELL, weights)[0].samples_per_second == 50.0
    assert [p.name for p in path.parent.iterdir()] == [path.name], "nothing half-written stays"


def test_of_several_candidates_it_is_known_what_each_cost_and_which_was_kept(weights):
    write_cost("lora", CELL, weights, **PAID, tried_seconds=[12.5, 7.5], kept=1)
    found, _ = read_cost("lora", CELL, weights)
    assert (found.seconds, found.tried_seconds, found.chosen_seconds) == (20.0, [12.5, 7.5], 7.5)


def test_a_record_from_before_candidates_is_still_read(weights):
    path = write_cost("lora", CELL, weights, **PAID)
    old = {k: v for k, v in json.loads(path.read_text()).items() if k not in ("tried_seconds", "kept")}
    path.write_text(json.dumps(old))
    found, _ = read_cost("lora", CELL, weights)
    assert (found.seconds, found.chosen_seconds) == (20.0, 20.0)


def test_a_cost_is_not_believed_for_other_weights(weights):
    assert read_cost("lora", CELL, weights) == (None, costs.NO_FILE)
    write_cost("lora", CELL, weights, **PAID)
    assert read_cost("lora", CELL, weights / "gone") == (None, costs.NO_WEIGHTS)
    assert read_cost("lora", CELL.replace("42", "43"), weights) == (None, costs.NO_FILE)
    (weights / "detector.json").write_text("{ }")
    assert read_cost("lora", CELL, weights) == (None, costs.OTHER_WEIGHTS)


def test_without_dvc_costs_lie_where_the_command_runs(monkeypatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    assert costs_folder().as_posix() == ".costs"


def test_no_training_has_no_speed(weights):
    write_cost("zero_shot", CELL, weights, **{**PAID, "seconds": 0, "samples": 0})
    assert read_cost("zero_shot", CELL, weights)[0].samples_per_second == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("seconds", float("nan")), ("seconds", -1.0), ("samples", True), ("samples", None),
     ("processes", float("inf"))],
)  # fmt: skip
def test_a_number_that_is_none_is_refused(weights, name, value):
    with pytest.raises(InputError, match=f"{name} must be a finite number from 0"):
        write_cost("lora", CELL, weights, **{**PAID, name: value})
    assert not costs_folder().exists()


@pytest.mark.parametrize(
    "change",
    [{"seconds": "long"}, {"seconds": None}, {"more": 1}, {"tried_seconds": 3}, {"tried_seconds": ["x"]},
     {"kept": 1}, {"tried_seconds": [1.0], "kept": -1}, "[]", "no JSON", "\ud800"],
)  # fmt: skip
def test_a_file_that_is_no_cost_is_named(weights, change):
    path = write_cost("lora", CELL, weights, **PAID)
    text = json.dumps({**json.loads(path.read_text()), **change}) if isinstance(change, dict) else change
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=r"FaceSwap-42\.json is no record of a cost .*; delete it"):
        read_cost("lora", CELL, weights)


def test_peak_memory_is_that_of_the_process(weights):
    """A block of 300 MB that is gone by the time of asking is in it; and no more than a machine has."""
    script = (
        "import sys; from clipforensics.training.costs import peak_memory; before, device = peak_memory();"
        "block = b'x' * 300_000_000; del block; print(peak_memory()[0] - before, before, device)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    grown, before, device = run.stdout.split(maxsplit=2)
    assert 290_000_000 < int(grown) < 320_000_000
    assert 5_000_000 < int(before) < 200_000_000
    assert device.strip()


class Gpu:
    """What `peak_memory` asks of torch.cuda, as a machine with a GPU answers."""

    taken = (0, 0)
    device_count = staticmethod(lambda: 2)
    get_device_name = staticmethod(lambda gpu: f"GPU {gpu}")

    @classmethod
    def max_memory_allocated(cls, gpu):
        return cls.taken[gpu]


@pytest.mark.parametrize("taken", [(3 * 2**30, 0), (0, 5 * 2**30), (0, 0)])
def test_on_a_gpu_it_is_that_of_the_one_that_training_used(monkeypatch, taken):
    monkeypatch.setattr(Gpu, "taken", taken)
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=Gpu))
    peak, device = costs.peak_memory()
    if any(taken):
        assert (peak, device) == (max(taken), f"GPU {taken.index(max(taken))}")
    else:
        assert device == describe_machine()["processor"]


# digest


def test_a_digest_is_of_names_and_contents_alone(tmp_path):
    def made(name, **files):
        for path, content in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(content)
        return folder_digest(tmp_path / name)

    first = made("one", a="1", b="2")
    (tmp_path / "two" / "empty").mkdir(parents=True)
    assert made("two", b="2", a="1") == first
    others = made("three", a="1", c="2"), made("four", a="1", b="3"), made("five", a="12", b="")
    assert len({first, *others}) == 4
    with pytest.raises(InputError, match="is no folder"):
        folder_digest(tmp_path / "none")


contents = st.dictionaries(st.text("ab/", min_size=1, max_size=3).filter(lambda n: "/" not in n), st.binary())


@given(contents, contents)
def test_two_folders_have_one_digest_exactly_where_they_hold_the_same(tmp_path_factory, one, two):
    digests = []
    for files in (one, two):
        folder = tmp_path_factory.mktemp("folder")
        for name, content in files.items():
            (folder / name).write_bytes(content)
        digests.append(folder_digest(folder))
    assert (digests[0] == digests[1]) == (one == two)
