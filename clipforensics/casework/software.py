"""What computed a case: versions of Python, packages and libraries, and which kernels were pinned."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import av

from clipforensics.machine import kernels

PACKAGES = (
    "clipforensics", "av", "c2pa-python", "numpy", "opencv-python-headless", "peft", "pillow", "safetensors",
    "scipy", "torch", "transformers",
)  # fmt: skip
"""Those whose versions can change a number, a picture or a claim."""

ABSENT = "not installed"


def software() -> dict[str, Any]:
    """Versions without the build's suffix (`+cpu`), which differs by machine; no name or path of it."""
    pins = kernels.pinned()
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in PACKAGES},
        "libraries": {name: ".".join(map(str, found)) for name, found in sorted(av.library_versions.items())},
        "device": "cpu, float32",
        "pinned": bool(pins),
        "kernels": pins,
    }


def _version(name: str) -> str:
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError:
        return ABSENT
