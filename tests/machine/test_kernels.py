"""Pinned kernels: the setting, the variables, and the same bytes under kernels of other CPUs."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clipforensics.core import params as core_params
from clipforensics.core.faults import InputError
from clipforensics.machine import kernels
from tests.support.imports import ROOT

PROFILES = ROOT / "conf/data"
HASWELL = "flags\t\t: fpu fma movbe f16c bmi1 avx2 bmi2\n"

CPUS = {  # what makes these libraries choose as they would on other CPUs
    "old": {
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_CBWR": "SSE4_2",
        "NPY_DISABLE_CPU_FEATURES": "AVX512_ICL X86_V4 X86_V3",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OPENBLAS_CORETYPE": "Prescott",
    },
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_CBWR": "AVX2",
        "NPY_DISABLE_CPU_FEATURES": "AVX512_ICL X86_V4",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Zen",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL",
    },
    "four threads": {
        "MKL_VML_DEBUG_CPU_TYPE": "3",
        "OMP_NUM_THREADS": "4",
        "MKL_NUM_THREADS": "4",
        "MKL_DOMAIN_NUM_THREADS": "MKL_DOMAIN_BLAS=2",
        "OPENBLAS_NUM_THREADS": "4",
    },
}
LIBRARIES = "7c8acb6564622a86"
"""The piece `libraries` of an AMD EPYC with AVX-512, and of emulated Intel Haswell, Skylake and AMD EPYC."""


def settings_file(folder: Path, portable: str, dataset: str = "sample") -> Path:
    path = folder / f"{portable}.yaml"
    path.write_text(f"portable: {portable}\ndataset: {dataset}\n")
    return path


def made(params: Path, *pieces: str, cpu: dict[str, str] | None = None, emulator: tuple[str, ...] = ()):
    """Digests of pieces of the pipeline, each made in a process with these variables."""
    known = {*kernels.PINS, *kernels.OVERRIDING, "GLIBC_TUNABLES"}
    clean = {name: value for name, value in os.environ.items() if name not in known}
    done = subprocess.run(
        [*emulator, sys.executable, "-m", "tests.machine.pieces", str(params), str(PROFILES), *pieces],
        cwd=ROOT,
        env={**clean, **(cpu or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = (line.split() for line in done.stdout.splitlines())
    return {words[0]: words[1] for words in found if len(words) == 2 and words[0] in pieces}


def side_by_side(jobs):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda job: made(*job[0], **job[1]), jobs))


@pytest.mark.slow
@pytest.mark.skipif(not kernels.has_avx2(), reason="needs x86-64 with AVX2 under Linux")
def test_the_sample_is_trained_alike_under_the_kernels_of_any_cpu(tmp_path):
    """And would not be without the pins, or this would test nothing.

    All variables at once: a pin overrules its variable whatever stands there, so that further processes with
    other values would compute with the same environment as this one.
    """
    pieces = ("clip", "lora", "baseline", "libraries")
    pinned, free = settings_file(tmp_path, "auto"), settings_file(tmp_path, "never")
    other = {**CPUS["avx2"], **CPUS["four threads"], **CPUS["old"]}
    plain, pinned_too, loose = side_by_side(
        [
            ((pinned, *pieces), {}),
            ((pinned, *pieces), {"cpu": other}),
            ((free, *pieces), {"cpu": {**CPUS["old"], "OMP_NUM_THREADS": "1"}}),
        ]
    )
    assert set(plain) == set(pieces)
    assert pinned_too == plain
    assert {piece for piece in pieces if loose[piece] != plain[piece]} == set(pieces)


def test_the_samples_videos_need_no_pin(tmp_path):
    """They are rendered in float64 without BLAS and rounded to bytes, which the last digits do not reach."""
    free = settings_file(tmp_path, "never")
    jobs = [((free, "videos"), {"cpu": cpu}) for cpu in ({}, CPUS["old"], CPUS["avx2"])]
    first, *others = side_by_side(jobs)
    assert others == [first] * 2


@pytest.mark.skipif(not kernels.has_avx2(), reason="needs x86-64 with AVX2 under Linux")
def test_the_libraries_give_here_what_they_gave_elsewhere(tmp_path):
    assert made(settings_file(tmp_path, "always"), "libraries") == {"libraries": LIBRARIES}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="needs qemu-x86_64 (Debian's qemu-user)")
def test_the_libraries_give_on_another_makers_cpu_what_they_give_here(tmp_path):
    """The variables cannot emulate everything: MKL's square root asks the CPU itself."""
    is_amd = "AuthenticAMD" in Path("/proc/cpuinfo").read_text()
    emulator = ("qemu-x86_64", "-cpu", "Haswell" if is_amd else "EPYC")
    assert made(settings_file(tmp_path, "always"), "libraries", emulator=emulator) == {"libraries": LIBRARIES}


def test_a_stage_pins_before_it_loads_anything(tmp_path):
    """In the process of the stage itself; importing a stage pins nothing."""
    code = "import os, sys; print(os.environ.get('MKL_CBWR'), 'numpy' in sys.modules, 'torch' in sys.modules)"
    stage = tmp_path / "stages"
    shutil.copytree(ROOT / "stages", stage, ignore=shutil.ignore_patterns("[!_]*.py", "__pycache__"))
    (stage / "show.py").write_text(code)
    (tmp_path / "clipforensics").symlink_to(ROOT / "clipforensics")
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    clean = {name: value for name, value in os.environ.items() if name not in kernels.PINS}

    def shown(*words: str) -> str:
        run = {"cwd": tmp_path, "env": clean, "capture_output": True, "text": True, "check": False}
        done = subprocess.run([sys.executable, *words], **run)
        return (done.stdout + done.stderr).strip()

    settings_file(tmp_path, "auto").rename(tmp_path / "params.yaml")
    assert shown("-m", "stages.show") == "COMPATIBLE False False"
    assert shown("-c", "import stages.show") == "None False False"
    (tmp_path / "params.yaml").write_text("portable: no\n")
    assert shown("-m", "stages.show").startswith("error: params.yaml: `portable`: input should be 'auto'")


def test_the_data_set_that_decides_is_held_to_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(core_params, "_standing", None)
    path = settings_file(tmp_path, "auto")
    core_params.stand_still()
    assert kernels.asks_for_portable(path, PROFILES)
    settings_file(tmp_path, "auto", "celebdf")
    with pytest.raises(InputError, match="`dataset` went from 'sample' to 'celebdf'"):
        core_params.check_unmoved()


@pytest.mark.parametrize(
    ("portable", "dataset", "expected"),
    [
        ("auto", "sample", True),
        ("auto", "ffpp", False),
        ("always", "ffpp", True),
        ("never", "sample", False),
    ],
)
def test_what_the_setting_asks_for(tmp_path, portable, dataset, expected):
    assert kernels.asks_for_portable(settings_file(tmp_path, portable, dataset), PROFILES) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dataset: sample", "`portable` is missing; add it"),
        ("portable: off", "`portable`: input should be 'auto', 'always' or 'never', got False"),
        (
            "portable: auto\ndataset: samples",
            "'samples', but .*samples.yaml does not exist; perhaps `sample` was meant;",
        ),
    ],
)
def test_a_wrong_setting_is_refused(tmp_path, text, message):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        kernels.asks_for_portable(tmp_path / "params.yaml", PROFILES)


def test_pinning_too_late_is_refused(tmp_path):
    import numpy  # noqa: F401

    with pytest.raises(RuntimeError, match=r"numpy.* loaded before"):
        kernels.pin(settings_file(tmp_path, "always"), PROFILES, {})


def test_a_pin_overrules_the_user_and_stands_in_force(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "TOO_LATE", ())
    monkeypatch.setattr(kernels, "has_avx2", lambda: True)
    environment = {"NPY_DISABLE_CPU_FEATURES": "X86_V4", "OMP_NUM_THREADS": "8", "HOME": "/"}
    assert not kernels.pin(settings_file(tmp_path, "never"), PROFILES, environment)
    assert environment["OMP_NUM_THREADS"] == "8"
    assert kernels.pinned(environment) == {}
    assert kernels.pin(settings_file(tmp_path, "always"), PROFILES, environment)
    assert environment == {**kernels.PINS, "HOME": "/"}
    assert kernels.pinned(environment) == kernels.PINS
    assert kernels.caution(gpu=False, environment=environment) == ""
    assert "with a GPU: last digits may differ" in kernels.caution(gpu=True, environment=environment)
    assert kernels.caution(gpu=True, environment={}) == ""


def test_a_cpu_without_avx2_is_pinned_as_far_as_it_can_be_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "TOO_LATE", ())
    monkeypatch.setattr(kernels, "has_avx2", lambda: False)
    environment: dict[str, str] = {}
    assert kernels.pin(settings_file(tmp_path, "always"), PROFILES, environment)
    assert set(environment) == set(kernels.PINS) - set(kernels.NEED_AVX2)
    assert kernels.pinned(environment) == {}
    line = kernels.caution(gpu=False, environment=environment)
    assert "last digits may differ" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("machine", "system", "cpu", "expected"),
    [
        ("x86_64", "linux", HASWELL, True),
        ("x86_64", "linux", HASWELL.replace("avx2", "avx"), False),
        ("x86_64", "linux", "", False),
        ("aarch64", "linux", HASWELL, False),
        ("x86_64", "darwin", HASWELL, False),
    ],
)
def test_which_machines_have_the_pinned_kernels(tmp_path, monkeypatch, machine, system, cpu, expected):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{cpu}")
    monkeypatch.setattr(kernels.platform, "machine", lambda: machine)
    monkeypatch.setattr(kernels.sys, "platform", system)
    assert kernels.has_avx2(tmp_path / "cpuinfo") is expected
    assert not kernels.has_avx2(tmp_path / "absent")
