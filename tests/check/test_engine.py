"""`embed.engine` before anything is embedded."""

import importlib.util

from clipforensics.engines import choosing
from tests.support.settings import problems


def test_eager_is_right_anywhere():
    assert problems(portable="always") == []


def test_the_sample_is_portable_and_so_eager():
    (line,) = problems(embed={"engine": "openvino"})
    assert line.startswith("params.yaml: embed.engine: 'openvino' has kernels that nothing pins")
    assert problems(embed={"engine": "compile"}, portable="always") != []


def test_a_package_that_is_not_there_is_told_before_hours_are_spent(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        choosing.importlib.util, "find_spec", lambda name: (name != "onnxscript" and real(name)) or None
    )
    (line,) = problems(embed={"engine": "onnxruntime"}, portable="never")
    assert "onnxscript" in line
    assert "pip install 'clipforensics[onnxruntime]'" in line


def test_one_that_is_none_is_refused():
    (line,) = problems(embed={"engine": "tensorrt"})
    assert "engine" in line
    assert "tensorrt" in line
