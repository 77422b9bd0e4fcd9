"""What two machines must have in common for the same bytes, and in which they differ."""

import hashlib
import os
import platform
import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.machine import kernels
from clipforensics.machine.scratch import library_versions

DEVICE = "CLIPFORENSICS_DEVICE"
INHERITED = (
    *("DVC_ROOT", DEVICE, "CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE"),
    *(*kernels.PINS, *kernels.OVERRIDING),
)
"""Variables that a process on another machine gets from this one, set or unset; some choose kernels."""

PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Machine:
    """What bytes hang on, of one machine.

    Attributes:
        versions: Of Python, of this project's code (a digest) and of libraries.
        paths: Of each file or folder that is read, what it is, its size and when it was changed; empty
            where it is missing.
    """

    versions: Mapping[str, str]
    paths: Mapping[str, str]


@dataclass(frozen=True)
class Share:
    """What of a node one task takes; not nothing of both.

    Attributes:
        cpus: Processors.
        gpus: GPUs.
    """

    cpus: float
    gpus: float = 0.0

    @property
    def options(self) -> dict[str, Any]:
        """As Ray takes it."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus}

    @property
    def resources(self) -> dict[str, float]:
        """Under the names that Ray gives them at a node."""
        return {"CPU": self.cpus, "GPU": self.gpus}


def this_machine(paths: Iterable[Path | str]) -> Machine:
    """What another machine is held to.

    Args:
        paths: Absolute, of what is read.
    """
    versions = {
        "processors of the kind": platform.machine(),
        "Python": platform.python_version(),
        "clipforensics": code_digest(),
        **library_versions(),
    }
    return Machine(versions, {str(path): seen(Path(path)) for path in paths})


def code_digest(package: Path = PACKAGE) -> str:
    """Of every module of the library."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def seen(path: Path) -> str:
    """By what a file or folder is taken for the same on two machines; not its content, which is large."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"folder, {status.st_mtime_ns}" if path.is_dir() else f"{status.st_size}, {status.st_mtime_ns}"


def difference(wanted: Machine) -> str:
    """In what this machine, a node of the cluster, differs from the one that began the work; or empty."""
    here, name = this_machine(wanted.paths), socket.gethostname()
    for what in {**wanted.versions, **here.versions}:
        there, found = wanted.versions.get(what, "none"), here.versions.get(what, "none")
        if there != found:
            return (
                f"Ray's node {name} has {what} {found}, and this machine {there}: bytes might differ; install"
                " the same on every node, from requirements/*.lock"
            )
    for path, there in wanted.paths.items():
        if here.paths[path] != there:
            how = "another" if here.paths[path] else "no"
            return (
                f"Ray's node {name} has {how} {path}; every node must see the same files under the same"
                " path, as on a shared file system"
            )
    return ""


def inherited(environment: Mapping[str, str] = os.environ) -> dict[str, str | None]:
    """The variables that processes on other machines are given; None: it is unset."""
    found = {name: environment.get(name) for name in INHERITED}
    if (found[DEVICE] or "").startswith("cuda:"):
        found[DEVICE] = "cuda"  # the one that the task is given there
    return found


def inherit(variables: Mapping[str, str | None]) -> None:
    """Set and unset them in this process, before anything is loaded that heeds them."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    for name in kernels.OVERRIDING if kernels.asked() else ():
        os.environ.pop(name, None)


@contextmanager
def mark() -> Iterator[Path]:
    """A file in the working folder, ignored by git, by which a node shows that it sees the same one."""
    with tempfile.NamedTemporaryFile(dir=Path.cwd(), prefix=".ray-") as file:
        yield Path(file.name)


def check_nodes(ray: Any, machine: Machine, share: Share) -> int:
    """Hold every node that may work against this machine.

    Args:
        ray: The module, connected.
        machine: What each is held to.
        share: What of a node a task takes.

    Returns:
        How many tasks they can do at once.

    Raises:
        InputError: a node would give other bytes or cannot work at all, or none has such a share to give.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node for node in ray.nodes() if node["Alive"] and _works(node["Resources"])]
    fitting = sum(_fits(node["Resources"], share) for node in nodes)
    if not fitting:
        words = {"CPU": "processors", "GPU": "GPU"}
        wanted = " and ".join(f"{n:g} {words[what]}" for what, n in share.resources.items() if n)
        raise InputError(f"no Ray node has {wanted} for a task; add one that has")
    look = ray.remote(num_cpus=0)(difference)
    there = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in nodes]
    answers = [look.options(scheduling_strategy=one).remote(machine) for one in there]
    for node, answer in zip(nodes, answers, strict=True):
        try:
            found = ray.get(answer)
        except ray.exceptions.RayError as error:
            name = node["NodeManagerHostname"]
            raise InputError(
                f"Ray's node {name} cannot work for this project ({why(ray, error)}); install it there as it"
                " is here, and see that the node has memory left"
            ) from error
        if found:
            raise InputError(found)
    return fitting


def _works(resources: dict[str, float]) -> bool:
    return any(resources.get(what, 0) > 0 for what in ("CPU", "GPU"))


def _fits(resources: dict[str, float], share: Share) -> int:
    return min(int(resources.get(what, 0) / n) for what, n in share.resources.items() if n)


def why(ray: Any, error: Exception) -> str:
    """The line of an error of Ray's that says it: of a traceback the last, else the first."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if isinstance(error, ray.exceptions.RayTaskError) else 0][:300]
