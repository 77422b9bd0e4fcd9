"""Lock files anew from what is installed; PyPI gives the digests: `python -m tests.support.refresh_locks`.

Only of files that a supported machine installs: wheels, which run nothing while they are installed, and the
source only of a release that has no wheel.
"""

import json
from collections.abc import Iterator
from importlib.metadata import distributions
from typing import Any
from urllib.request import Request, urlopen

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from tests.support.locks import AS_NAMED, FOLDER, LAYERS, NAMES, NO_HASHES, pins, reached, text_of

INDEX = "https://pypi.org/simple"
SIMPLE = "application/vnd.pypi.simple.v1+json"
INTERPRETERS = ("py3", "cp311", "cp312", "cp313")
MACHINES = ("x86_64", "aarch64", "arm64", "universal2")
HEADS = {
    "build": "# What builds the package, and what is installed from source.",
    "score": "# What `pip install 'clipforensics[faces]'` brings, but torch.",
    "pipeline": "# What runs the pipeline.\n-r score.lock",
    "test": "# What tests, checks and builds the docs.\n-r pipeline.lock",
    "peers": "# What only tests hold this project against: their own libraries read what it writes.\n"
    "# Installed by `make test` without their dependencies, of which these are the ones that are used.",
    "supply": "# What looks for known vulnerabilities and writes the bill of materials, elsewhere.",
}
NOT_LOCKED = {NO_HASHES, "pip", "clipforensics"}


def layers() -> dict[str, dict[str, str]]:
    """Name -> version of all that is installed, in the first lock that needs it; else as named."""
    left = {canonicalize_name(one.name): one.version for one in distributions()}
    left = {name: at for name, at in left.items() if name not in NOT_LOCKED}
    named = {name: pins(text_of(name)) for name in AS_NAMED}
    found = {}
    for layer, requirements in LAYERS.items():
        needed = reached(requirements) & left.keys()
        if layer == "test":
            needed = left.keys() - named["peers"].keys()
        found[layer] = {name: left.pop(name) for name in sorted(needed)}
    return {**found, **named}


def digests(name: str, release: str) -> list[str]:
    """Of the files of a release that supported machines install, sorted.

    Raises:
        SystemExit: there is none.
    """
    request = Request(f"{INDEX}/{canonicalize_name(name)}/", headers={"Accept": SIMPLE})
    with urlopen(request, timeout=60) as answer:
        files: list[dict[str, Any]] = json.load(answer)["files"]
    wheels = [one for one in files if _fits(one["filename"], release)]
    stems = {f"{form}-{release}.tar.gz" for form in _forms(name)}
    chosen = wheels or [one for one in files if one["filename"].lower() in stems]
    if not chosen:
        raise SystemExit(f"{name}=={release}: {INDEX} has no file of it that a supported machine installs")
    return sorted(one["hashes"]["sha256"] for one in chosen)


def _forms(name: str) -> Iterator[str]:
    yield canonicalize_name(name)
    yield canonicalize_name(name).replace("-", "_")


def _fits(filename: str, release: str) -> bool:
    """Whether a file is a wheel of this release for a Python and a machine that are supported."""
    if not filename.endswith(".whl"):
        return False
    try:
        _, found, _, tags = parse_wheel_filename(filename)
    except ValueError:  # of before there were rules
        return False
    return found == Version(release) and any(
        (tag.interpreter in INTERPRETERS or tag.abi == "abi3") and _is_supported(tag.platform) for tag in tags
    )


def _is_supported(platform: str) -> bool:
    return platform == "any" or (platform.startswith(("manylinux", "macosx")) and platform.endswith(MACHINES))


def main() -> None:
    """Write every lock file."""
    found = layers()
    for name in NAMES:
        entries = [
            " \\\n".join([f"{one}=={at}", *(f"    --hash=sha256:{digest}" for digest in digests(one, at))])
            for one, at in found[name].items()
        ]
        (FOLDER / f"{name}.lock").write_text("\n".join([HEADS[name], *entries]) + "\n", encoding="utf-8")
        print(f"requirements/{name}.lock: {len(entries)} releases")


if __name__ == "__main__":
    main()
