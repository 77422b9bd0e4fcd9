"""An ONNX file of any module: any size of batch, no path of this machine in it, nothing told to anybody."""

import os

import numpy as np
import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.shipping import onnx_file
from clipforensics.shipping.agreement import as_log_odds
from clipforensics.shipping.onnx_file import export_onnx, open_onnx
from clipforensics.shipping.trained import fold, open_trained
from tests.support.packages import skip_without_onnx


@pytest.fixture(autouse=True)
def there():
    skip_without_onnx()


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, pixels):
        return self.layer(pixels.mean(dim=(2, 3))).squeeze(-1)


class Choosy(torch.nn.Module):
    def forward(self, pixels):
        return pixels.mean(dim=(1, 2, 3)) if pixels.sum() > 0 else pixels.amax(dim=(1, 2, 3))


def test_it_takes_batches_of_any_size(tmp_path):
    module = Tiny().eval()
    assert export_onnx(module, torch.randn(2, 3, 8, 8), tmp_path) >= 18
    found, expected = open_onnx(tmp_path / "model.onnx"), as_log_odds(module)
    for n in (1, 2, 7):
        pixels = torch.randn(n, 3, 8, 8)
        np.testing.assert_allclose(found(pixels), expected(pixels), atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_weights_too_large_for_one_file_lie_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "LARGEST", 4)
    module = Tiny().eval()
    export_onnx(module, torch.randn(2, 3, 8, 8), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "model.onnx.data"]
    pixels = torch.randn(3, 3, 8, 8)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    np.testing.assert_allclose(
        open_onnx(moved / "model.onnx")(pixels), as_log_odds(module)(pixels), atol=1e-6
    )


def test_nothing_of_this_machine_is_in_it_and_nothing_is_written_elsewhere(package, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    monkeypatch.chdir(home)
    out = tmp_path / "out"
    out.mkdir()
    trained = open_trained(package)
    export_onnx(fold(trained), torch.randn(2, 3, 32, 32), out)
    open_onnx(out / "model.onnx")
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    assert list(home.rglob("*")) == []
    content = (out / "model.onnx").read_bytes()
    for word in (b"site-packages", b"clipforensics", b"stack_trace", b".py", str(tmp_path).encode()):
        assert word not in content, word
    again = tmp_path / "again"
    again.mkdir()
    export_onnx(fold(open_trained(package)), torch.randn(2, 3, 32, 32), again)
    assert (again / "model.onnx").read_bytes() == content, "the same package gives the same bytes"


def test_what_torch_cannot_export_is_one_line(tmp_path):
    with pytest.raises(InputError) as told:
        export_onnx(Choosy().eval(), torch.randn(2, 3, 8, 8), tmp_path)
    assert str(told.value).startswith(f"--to onnx: torch {torch.__version__} cannot export this encoder: ")
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []
