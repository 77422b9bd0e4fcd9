"""An engine that cannot do what is asked is refused in a line, before anything is embedded."""

import importlib.util
import tomllib
from typing import get_args

import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder.embeddings import EAGER, EmbedSection
from clipforensics.engines import choosing
from clipforensics.engines.choosing import ENGINES, check_engine, missing, versions
from tests.support.engines import skip_without
from tests.support.repository import ROOT

HERE = {"portable": False, "device": torch.device("cpu"), "dtype": torch.float32}


def find_nothing(name, package=None):
    return None


def test_the_section_takes_exactly_these():
    pattern = EmbedSection.model_fields["engine"].metadata[0].pattern
    assert pattern == f"^({'|'.join([EAGER, *ENGINES])})$"
    assert get_args(EmbedSection.model_fields["engine"].annotation) == ()


def test_every_extra_installs_what_its_engine_imports():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for engine in ENGINES.values():
        named = {one.split(">=")[0] for one in extras[engine.extra]} if engine.extra else set()
        assert named == set(engine.packages.values())


@pytest.mark.parametrize("name", ENGINES)
def test_portable_numbers_are_eagers_alone(name):
    check_engine(EAGER, **{**HERE, "portable": True})
    with pytest.raises(InputError, match=rf"embed.engine: '{name}' has kernels that nothing pins.*portable"):
        check_engine(name, **{**HERE, "portable": True})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("onnxruntime", "onnxruntime and onnx and onnxscript, which are not installed"),
        ("openvino", "openvino, which is not installed"),
    ],
)
def test_a_missing_package_is_named_with_the_command(name, words, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", find_nothing)
    with pytest.raises(InputError) as told:
        check_engine(name, **HERE)
    assert f"needs {words}; run `pip install 'clipforensics[{name}]'`, or set" in str(told.value)


def test_a_missing_compiler_is_named(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(InputError, match=r"needs a C\+\+ compiler, and there is no no-such-compiler"):
        check_engine("compile", **HERE)
    assert "no-such-compiler" in missing("compile")


@pytest.mark.parametrize("name", [name for name, one in ENGINES.items() if one.cpu_alone])
@pytest.mark.parametrize("change", [{"device": torch.device("cuda")}, {"dtype": torch.bfloat16}])
def test_what_computes_on_the_cpu_in_float32_is_not_asked_for_else(name, change, monkeypatch):
    monkeypatch.setattr(choosing, "missing", lambda name: "")
    check_engine(name, **HERE)
    with pytest.raises(InputError, match="computes on the CPU in float32"):
        check_engine(name, **{**HERE, **change})


def test_versions_are_part_of_what_decides_the_bytes():
    assert versions(EAGER) == {}
    assert versions("compile") == {"torch": torch.__version__}
    skip_without("onnxruntime")
    assert set(versions("onnxruntime")) == {"torch", "onnxruntime", "onnx", "onnxscript"}
