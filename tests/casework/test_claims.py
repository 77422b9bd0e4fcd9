"""What a C2PA manifest claims, read out of what anybody can write."""

import builtins
import importlib.util

import pytest

from clipforensics.casework import claims
from tests.casework.conftest import EVIL
from tests.support.clips import make_clip

needs_c2pa = pytest.mark.skipif(
    importlib.util.find_spec("c2pa") is None, reason="c2pa-python is not installed"
)

STORE = {
    "active_manifest": "urn:1",
    "manifests": {
        "urn:1": {
            "claim_generator_info": [{"name": f"maker {EVIL}", "version": "1"}],
            "title": "clip\x1b[31m",
            "assertions": [
                {"label": "c2pa.hash.bmff.v3", "data": {}},
                {
                    "label": "c2pa.actions.v2",
                    "data": {
                        "actions": [
                            {
                                "action": "c2pa.created",
                                "softwareAgent": {"name": "Model", "version": "7"},
                                "digitalSourceType": "http://cv.iptc.org/newscodes/x/trainedAlgorithmicMedia",
                            },
                            "no mapping",
                        ]
                    },
                },
            ],
            "ingredients": [{"title": "source.mp4", "relationship": "parentOf"}],
            "signature_info": {"issuer": "Nobody", "common_name": "leaf", "time": "2020-01-01"},
        }
    },
    "validation_state": "Valid",
    "validation_results": {
        "validationTime": "2026-01-02T03:04:05Z",
        "activeManifest": {
            "failure": [{"code": "signingCredential.untrusted", "explanation": "untrusted"}],
            "success": [{"code": "claimSignature.validated", "explanation": "valid"}],
        },
    },
}


def test_claims_are_read_out_and_never_taken_for_truth():
    found = claims.found_claims(STORE, None)
    (one,) = found["manifests"]
    assert one["made_by"] == [f"maker {EVIL} 1"]  # as it is: pages escape it
    assert one["actions"] == ["c2pa.created by Model 7, trainedAlgorithmicMedia"]
    assert one["ingredients"] == ["parentOf source.mp4"]
    assert one["signed_by"] == "leaf, Nobody"
    assert one["title"] == "clip[31m"
    assert found["problems"] == [["signingCredential.untrusted", "untrusted"]]
    assert "Who that was is not checked, and what is claimed need not be true" in found["said"]


def test_the_clock_is_left_out():
    assert "validationTime" not in str(claims.found_claims(STORE, None))
    assert "validationTime" in str(STORE)


def test_a_seal_that_does_not_hold_says_which_check_failed():
    broken = STORE | {
        "validation_state": "Invalid",
        "validation_results": {"activeManifest": {"failure": [{"code": "assertion.bmffHash.mismatch"}]}},
    }
    said = claims.found_claims(broken, None)["said"]
    assert said.startswith("found, and its seal does not hold (assertion.bmffHash.mismatch)")


@pytest.mark.parametrize(
    "store",
    [
        {},
        {"manifests": {"a": None}, "validation_results": None},
        {"manifests": {"a": {"assertions": "x", "signature_info": 3, "claim_generator_info": [None]}}},
        {"manifests": {"a": {"assertions": [{"label": "c2pa.actions", "data": [1]}]}}},
    ],
)
def test_nonsense_is_no_error(store):
    assert claims.found_claims(store, None)["found"] is True


def test_a_store_that_is_too_long_is_left_out_and_lists_are_cut():
    long = STORE | {"manifests": {str(i): {"title": "t" * 9999} for i in range(200)}}
    found = claims.found_claims(long, None)
    assert found["store"] is None
    assert len(found["manifests"]) == claims.MOST
    assert len(found["manifests"][0]["title"]) == claims.LONGEST_TEXT


def test_where_it_is_not_installed_the_file_says_so(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "c2pa":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    said = claims.read_claims(make_clip(tmp_path / "a.mp4"))
    assert said == {"said": claims.NOT_INSTALLED, "found": None}


def test_a_folder_of_pictures_is_not_looked_into(tmp_path):
    assert "one file" in claims.read_claims(tmp_path)["said"]


@needs_c2pa
def test_a_file_without_one_and_one_of_another_kind(tmp_path):
    assert claims.read_claims(make_clip(tmp_path / "a.mp4"))["found"] is False
    webm = make_clip(tmp_path / "a.mkv")
    assert claims.read_claims(webm) == {
        "said": "not looked for: C2PA's library reads no files of this kind",
        "found": None,
    }
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"\0\0\0\x18ftypisom" + b"x" * 200)
    assert claims.read_claims(junk)["found"] in (False, None)


@needs_c2pa
def test_a_signed_clip_and_the_same_changed_afterwards(tmp_path):
    from tests.support.signed import sign_clip

    signed = sign_clip(make_clip(tmp_path / "a.mp4"), tmp_path / "signed.mp4", maker=EVIL)
    found = claims.read_claims(signed)
    assert (found["found"], found["state"]) == (True, "Valid")
    assert found["manifests"][0]["made_by"][0].startswith(EVIL)
    assert found["manifests"][0]["actions"] == ["c2pa.created, trainedAlgorithmicMedia"]
    assert "signingCredential.untrusted" in [code for code, _ in found["problems"]]
    assert claims.read_claims(signed) == found
    content = bytearray(signed.read_bytes())
    at = content.index(b"mdat") + 40
    content[at] ^= 0xFF
    signed.write_bytes(content)
    again = claims.read_claims(signed)
    assert again["state"] == "Invalid"
    assert "does not hold (assertion.bmffHash.mismatch" in again["said"]
