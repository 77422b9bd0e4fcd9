"""What a C2PA manifest in a file claims, and whether its seal holds; by c2pa-python, where it is installed.

Nothing is fetched: neither manifests that lie elsewhere, nor whether a certificate was withdrawn. No list of
trusted signers is used either: anybody can sign anything, so claims stay claims.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clipforensics.core.files import json_ready
from clipforensics.footage.content import UnreadableVideo, open_content

Json = dict[str, Any]

OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True}}
"""Settings of the reader: no request, and no signer who is trusted beforehand."""

LONGEST = 1 << 20
"""Characters of a manifest store as JSON that are kept whole; of a longer one only what is read out of it."""

MOST = 32
"""Manifests, and entries of a list in one, that are read out."""

LONGEST_TEXT = 512
"""Characters of a text in it that are read out."""

UNTRUSTED = "signingCredential.untrusted"
"""Code of the check that every signer fails here: none is trusted beforehand."""

NOT_INSTALLED = "not looked for: c2pa-python is not installed (the extra clipforensics[c2pa])"


def read_claims(path: Path) -> Json:
    """What a file's manifest claims.

    Args:
        path: A file; of a folder of pictures nothing is read.

    Returns:
        `said`: in words what was found, or why nothing was looked for; `found`: True, False, or None where
        that is not known. Where one was found also `state` (`Valid`: the seal holds, whoever set it; or
        `Invalid`), `active` (name of the manifest that counts), `manifests` as `read_out` has them,
        `problems` and `passed`: (code, words) of each check; and `store`, all of it, unless it is too long.
    """
    if path.is_dir():
        return _none("not looked for: a manifest belongs to one file, and this is a folder of pictures", None)
    try:
        import c2pa
    except ImportError:
        return _none(NOT_INSTALLED, None)
    settings = c2pa.Context(c2pa.Settings.from_dict(OFFLINE))
    try:
        with open_content(path) as file:
            reader = c2pa.Reader.try_create(None, file, context=settings)
            if reader is None:
                return _none("none: the file holds no manifest", False)
            with reader:
                return found_claims(json.loads(reader.json()), reader.get_remote_url())
    except c2pa.C2paError.NotSupported:
        return _none("not looked for: C2PA's library reads no files of this kind", None)
    except (c2pa.C2paError, ValueError, OSError, UnreadableVideo) as error:
        return _none(f"cannot be read: {_text(error)}", None)


def found_claims(store: Mapping[str, Any], elsewhere: str | None) -> Json:
    """What `read_claims` returns of a manifest store.

    Args:
        store: As c2pa's reader gives it.
        elsewhere: Address at which the manifest lies, where it is not in the file; it was not fetched.
    """
    results = _map(_map(store.get("validation_results")).get("activeManifest"))
    manifests = list(_map(store.get("manifests")).items())[:MOST]
    problems = [_check(one) for one in _maps(results.get("failure"))]
    state = _text(store.get("validation_state", "unknown"))
    kept = json_ready(_without_clock(store))
    return {
        "said": said_of(state, [code for code, _ in problems if code != UNTRUSTED]),
        "found": True,
        "state": state,
        "active": _text(store.get("active_manifest", "")),
        "elsewhere": _text(elsewhere or ""),
        "manifests": [{"label": _text(label), **read_out(_map(one))} for label, one in manifests],
        "problems": problems,
        "passed": [_check(one) for one in _maps(results.get("success"))],
        "store": kept if len(json.dumps(kept)) <= LONGEST else None,
    }


def said_of(state: str, failures: Sequence[str]) -> str:
    """The seal in words."""
    if state not in ("Valid", "Trusted"):
        return (
            f"found, and its seal does not hold ({', '.join(failures) or state}): file or manifest were"
            " changed since, or never sealed well"
        )
    return (
        "found, and its seal holds: file and manifest are as the signer left them. Who that was is not"
        " checked, and what is claimed need not be true"
    )


def read_out(manifest: Mapping[str, Any]) -> Json:
    """What one manifest claims: `made_by`, `title`, `signed_by`, `signed_at`, `actions`, `ingredients`."""
    signature = _map(manifest.get("signature_info"))
    makers = [_named(one) for one in _maps(manifest.get("claim_generator_info"))]
    who = [_text(signature.get(key)) for key in ("common_name", "issuer") if signature.get(key)]
    return {
        "made_by": makers or [_text(manifest.get("claim_generator") or "")],
        "title": _text(manifest.get("title") or ""),
        "signed_by": ", ".join(who),
        "signed_at": _text(signature.get("time") or ""),
        "actions": [_action(one) for one in _actions(manifest)],
        "ingredients": [
            _joined(one.get("relationship"), one.get("title")) for one in _maps(manifest.get("ingredients"))
        ],
        "assertions": [_text(one.get("label")) for one in _maps(manifest.get("assertions"))],
    }


def _actions(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for one in _maps(manifest.get("assertions")):
        if str(one.get("label", "")).startswith("c2pa.actions"):
            found += _maps(_map(one.get("data")).get("actions"))
    return found[:MOST]


def _action(action: Mapping[str, Any]) -> str:
    """`c2pa.created by NAME, trainedAlgorithmicMedia`."""
    agent = action.get("softwareAgent")
    by = f" by {_named(agent) if isinstance(agent, Mapping) else _text(agent)}" if agent else ""
    kind = _text(action.get("digitalSourceType") or "").rsplit("/", 1)[-1]
    when = _text(action.get("when") or "")
    return ", ".join(filter(None, [f"{_text(action.get('action'))}{by}", kind, when]))


def _check(one: Mapping[str, Any]) -> list[str]:
    return [_text(one.get("code")), _text(one.get("explanation") or "")]


def _named(one: Mapping[str, Any]) -> str:
    return _joined(one.get("name"), one.get("version"))


def _joined(*parts: object) -> str:
    return " ".join(_text(part) for part in parts if part)


def _none(said: str, found: bool | None) -> Json:
    return {"said": said, "found": found}


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list) else []
    return [one for one in found if isinstance(one, Mapping)][:MOST]


def _text(value: object) -> str:
    printed = "".join(c for c in " ".join(str(value).split()) if c.isprintable())
    return printed[:LONGEST_TEXT]


def _without_clock(value: Any) -> Any:
    """The same without the time at which it was checked."""
    if isinstance(value, Mapping):
        return {key: _without_clock(one) for key, one in value.items() if key != "validationTime"}
    return [_without_clock(one) for one in value] if isinstance(value, list) else value
