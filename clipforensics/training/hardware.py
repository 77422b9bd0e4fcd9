"""This machine in words, for the record of what a training cost."""

import os
import platform
from pathlib import Path


def describe_machine(
    cpuinfo: Path = Path("/proc/cpuinfo"), release: Path = Path("/etc/os-release")
) -> dict[str, str]:
    """Python, processor, number of logical cores and operating system of this machine, in words."""
    return {
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "processor": _value(cpuinfo, "model name", ":") or platform.processor() or platform.machine(),
        "logical cores": str(os.cpu_count()),
        "system": _value(release, "PRETTY_NAME", "=").strip('"') or platform.system(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _value(path: Path, name: str, mark: str) -> str:
    """Value of the first `name<mark>value` line of a file; empty where there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        key, _, value = line.partition(mark)
        if key.strip() == name:
            return value.strip()
    return ""
