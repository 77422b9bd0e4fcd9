"""Pins the kernels of numpy, SciPy and torch, so that every x86-64 machine with AVX2 computes the same bytes.

These libraries hold their inner loops several times over and choose by maker and generation of the CPU. The
choices differ in the last digit, and training carries the last digit into the first. All of them can be told
by environment variables which to take, but only before they are loaded: so `stages/__init__.py` calls `pin`
before anything else, and this module loads none of them. Child processes inherit the variables.
"""

import os
import platform
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Literal

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section, check_section, keep_still, nearest, read_yaml

PINS: Mapping[str, str] = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own loops
    "MKL_CBWR": "COMPATIBLE",  # torch's matrix products; the one branch that is promised on any maker's CPU
    "MKL_VML_DEBUG_CPU_TYPE": "1",  # torch's sqrt, log and others by MKL, which do not heed MKL_CBWR
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # torch's convolutions
    "ONEDNN_DEFAULT_FPMATH_MODE": "STRICT",  # and no bfloat16 in place of float32
    "OPENBLAS_CORETYPE": "Haswell",  # matrix products of numpy and SciPy, each with a library of its own
    "NPY_ENABLE_CPU_FEATURES": "X86_V3",  # numpy's loops: AVX2 and nothing above
    "MKL_NUM_THREADS": "1",  # threads divide sums, and each number of them divides them elsewhere
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Variable -> value while numbers are portable."""

OVERRIDING = (
    "MKL_DOMAIN_NUM_THREADS", "MKL_ENABLE_INSTRUCTIONS", "NPY_DISABLE_CPU_FEATURES", "ONEDNN_CPU_ISA_HINTS"
)  # fmt: skip
"""Variables that would contradict a pin; they are unset."""

NEED_AVX2 = ("ATEN_CPU_CAPABILITY", "NPY_ENABLE_CPU_FEATURES", "OPENBLAS_CORETYPE")
"""Pins that a CPU without AVX2 could not obey."""

AVX2 = frozenset({"avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"})
"""What these kernels use of a CPU, as Linux names it: Intel since 2013 (Haswell), AMD since 2017 (Zen)."""

TOO_LATE = ("numpy", "scipy", "torch")
"""What must not be loaded yet."""


class Portable(Section):
    """The setting `portable` of params.yaml: auto is always for the built-in sample, never for others."""

    portable: Literal["auto", "always", "never"]


def pin(params: Path, profiles: Path, environment: MutableMapping[str, str] = os.environ) -> bool:
    """Set the variables in this process, for it and its children, if params.yaml asks for portable numbers.

    What the user has set is overruled. On a CPU without AVX2 the pins that need it are left out (`caution`).

    Args:
        params: params.yaml.
        profiles: Folder of the data sets' profiles.
        environment: To change.

    Returns:
        Whether numbers are portable.

    Raises:
        InputError: `portable` or the data set's profile is missing or wrong.
        RuntimeError: a library has already chosen its kernels.
    """
    if not asks_for_portable(params, profiles):
        return False
    pin_now(environment)
    return True


def pin_now(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set the variables, whatever params.yaml asks for; else as `pin`.

    Raises:
        RuntimeError: a library has already chosen its kernels.
    """
    if loaded := too_late():
        raise RuntimeError(f"{', '.join(loaded)} loaded before kernels.pin(); call it first of all")
    for name in OVERRIDING:
        environment.pop(name, None)
    left_out = () if has_avx2() else NEED_AVX2
    environment.update({name: value for name, value in PINS.items() if name not in left_out})


def too_late() -> list[str]:
    """Libraries that have chosen their kernels in this process already; none: `pin_now` still can."""
    return [name for name in TOO_LATE if name in sys.modules]


def asks_for_portable(params: Path, profiles: Path) -> bool:
    """Whether numbers shall be the same on every machine, by `portable` and, if that is auto, the data set.

    Raises:
        InputError: `portable` or the data set's profile is missing or wrong.
    """
    content = read_yaml(params)
    asked = {key: value for key, value in content.items() if key == "portable"}
    setting = check_section(asked, Portable, str(params)).portable
    keep_still(params, "portable")
    if setting != "auto":
        return setting == "always"
    keep_still(params, "dataset")
    profile = profiles / f"{content.get('dataset')}.yaml"
    if not profile.is_file():
        name, there = content.get("dataset"), sorted(path.stem for path in profiles.glob("*.yaml"))
        raise InputError(
            f"`dataset` is {name!r}, but {profile} does not exist{nearest(name, there)};"
            f" there are: {', '.join(there)}; write it, or name one of these"
        )
    return read_yaml(profile).get("layout") == "sample"


def pinned(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The pins in force in this process; empty unless its numbers are the same on every machine."""
    there = {name: environment.get(name) for name in PINS}
    return dict(PINS) if there == PINS and has_avx2() else {}


def asked(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process was asked for portable numbers, whatever the machine can give."""
    return environment.get("MKL_CBWR") == PINS["MKL_CBWR"]  # which `pin` sets everywhere


def has_avx2(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this is Linux on an x86-64 CPU that has what the pinned kernels need."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or not cpuinfo.is_file():
        return False
    for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("flags"):
            return set(line.split()) >= AVX2
    return False


def caution(*, gpu: bool, environment: Mapping[str, str] = os.environ) -> str:
    """One line for a run that asked for portable numbers on a machine that cannot give them; else empty.

    Args:
        gpu: Whether torch computes on a GPU.
        environment: Of this process.
    """
    if not asked(environment) or (has_avx2() and not gpu):
        return ""
    here = f"{platform.system()} on {platform.machine()}" + (" with a GPU" if gpu else "")
    remedy = "; CLIPFORENSICS_DEVICE=cpu leaves the GPU out" if gpu else ""
    return (
        "portable: numbers are the same on every CPU with x86-64 and AVX2 under Linux, and this is"
        f" {here}: last digits may differ from the committed ones{remedy}"
    )
