"""Titles of detectors: read from the source, without importing it; other names have none."""

import subprocess
import sys

import pytest

from clipforensics.report.wording import titles


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A folder of detectors, and a function that puts one there and asks for its title."""
    monkeypatch.setattr(titles, "DETECTORS", tmp_path)
    titles.title_of.cache_clear()

    def title(text, name="new"):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        titles.title_of.cache_clear()
        return titles.title_of(name)

    yield title
    titles.title_of.cache_clear()


@pytest.mark.parametrize(
    ("docstring", "title"),
    [
        ("LoRA: low-rank updates", "LoRA"),
        ("The baseline: a linear probe: nothing more", "the baseline"),
        ("Full fine-tuning: all weights move", "full fine-tuning"),
        ("Zero-shot: no training", "zero-shot"),
        ("Effort: an SVD", "Effort"),
        ("Forensics Adapter: x", "Forensics Adapter"),
        ("CLIP adapter: x", "CLIP adapter"),
        ("LayerNorm tuning: x", "LayerNorm tuning"),
        ("Tip-Adapter: x", "Tip-Adapter"),
        ("\n    Late  start: x\n    ", "late start"),
        ("No title here.\n\nBut: a colon later", None),
        (": nothing before it", None),
        ("A sentence that goes on for longer than any title would: x", None),
        ("", None),
    ],
)
def test_the_title_is_what_stands_before_the_first_colon(modules, docstring, title):
    assert modules(f'"""{docstring}"""\n\nimport no_such_module\n') == title


def test_a_module_without_a_docstring_has_no_title(modules):
    assert modules("x: int = 1\n") is None


@pytest.mark.parametrize("name", ["__init__", "no_such", "", "../titles", "a/b", "*", "lora.py", "\x00"])
def test_a_name_that_is_no_detectors_has_none(modules, name):
    modules('"""The room: x"""', "__init__")
    modules('"""LoRA: x"""', "lora")
    assert titles.title_of(name) is None


def test_the_detectors_of_this_project_have_titles_and_no_torch_is_loaded():
    script = (
        "import sys; from clipforensics.report.wording.titles import title_of;"
        "print(title_of('baseline'), title_of('lora'));"
        "sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "the baseline LoRA"
