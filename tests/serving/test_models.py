"""What is promised is what is said: neither more fields nor fewer, and no fault that is never met."""

import ast
from dataclasses import fields
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from clipforensics.scoring.detector import Detector
from clipforensics.serving.models import Answer, Fault, Health
from tests.support.imports import ROOT

HEALTH = {"status": "ok", "uploading": 0, "waiting": 1, "working": 2, "workers": 3}


def test_an_answer_has_the_fields_of_a_verdict(package, short_clip):
    verdict = Detector.from_pretrained(package).score(short_clip).to_dict()
    assert set(verdict) == {one.name for one in fields(Answer)}
    answer = TypeAdapter(Answer).validate_python(verdict)
    assert (answer.path, answer.exit_code) == (verdict["path"], verdict["exit_code"])


def test_what_is_not_promised_is_refused():
    assert Health(**HEALTH).workers == 3
    with pytest.raises(ValidationError, match="extra"):
        Health(**HEALTH, uptime=1)
    with pytest.raises(ValidationError, match="status"):
        Health(**HEALTH | {"status": "fine"})


def test_each_fault_is_said_somewhere():
    room = ROOT / "clipforensics/serving"
    trees = [
        ast.parse(file.read_text(encoding="utf-8")) for file in room.glob("*.py") if file.stem != "models"
    ]
    words = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert set(get_args(Fault)) - words == set()
