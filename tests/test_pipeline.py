"""dvc.yaml against the code: dependencies, params, paths; and that test data is read by evaluate alone."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from clipforensics.budget import TrainSection
from clipforensics.contest import CompareSection
from clipforensics.degraded import RobustnessSection
from clipforensics.explanations import ExplainSection
from clipforensics.params import check_section
from clipforensics.protocols import SplitSection
from stages import (
    embed,
    evaluate,
    extract_frames,
    ingest,
    package,
    report,
)
from tests.closure import ROOT, import_closure

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
DETECTORS = [
    f"clipforensics.detectors.{p.stem}" for p in (ROOT / "clipforensics/detectors").glob("[a-z]*.py")
]
DYNAMIC = {  # what importlib loads by name
    "ingest": [f"clipforensics.sources.{p.stem}" for p in (ROOT / "clipforensics/sources").glob("[a-z]*.py")],
    "train": DETECTORS,
    "evaluate": DETECTORS,
    "robustness": DETECTORS,
    "explain": DETECTORS,
}
READ = {"package": "clipforensics/detectors"}  # whose docstrings stand in model cards


def names(entries: list) -> list[str]:
    """Paths of a list of deps, outs, metrics or plots, whose entries may carry options."""
    return [next(iter(e)) if isinstance(e, dict) else e for e in entries]


def covered(path: str, deps: list[str]) -> bool:
    return any(fnmatch(path, re.sub(r"\$\{.*?\}", "*", dep)) or path.startswith(f"{dep}/") for dep in deps)


@pytest.mark.parametrize("stage", STAGES)
def test_deps_are_the_import_closure(stage):
    deps = names(STAGES[stage]["deps"])
    files = import_closure(f"stages.{stage}")
    for module in DYNAMIC.get(stage, []):
        files |= import_closure(module)
    assert {f for f in files if not covered(f, deps)} == set(), "imported, but no dep"
    code = [d for d in deps if d.startswith(("clipforensics", "stages"))]
    needless = [d for d in code if not any(covered(f, [d]) for f in files) and d != READ.get(stage)]
    assert needless == [], "a dep that is never imported"


@pytest.mark.parametrize("stage", STAGES)
def test_every_path_of_a_stage_is_declared(stage):
    tree = ast.parse((ROOT / f"stages/{stage}.py").read_text())
    paths = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Path"
        if node.args and isinstance(node.args[0], ast.Constant)
    }
    entry = STAGES[stage]
    declared = [
        p for kind in ("deps", "outs", "metrics", "plots", "params") for p in names(entry.get(kind, []))
    ]
    declared.append("params.yaml")
    for path in paths:
        assert any(d == path or d.startswith(f"{path}/") or path.startswith(f"{d}/") for d in declared), path


def test_only_evaluate_and_what_follows_it_depend_on_test():
    readers = {stage for stage, entry in STAGES.items() if any("test.csv" in d for d in names(entry["deps"]))}
    assert readers == {"evaluate", "robustness"}, "which evaluates degraded test frames"
    whole_splits = {stage for stage, entry in STAGES.items() if "data/splits" in names(entry["deps"])}
    assert whole_splits == {"compare"}, "it meets scores with leak flags, after evaluate"


@pytest.mark.parametrize(
    ("section", "model"),
    [
        ("ingest", ingest.Ingest),
        ("extract_frames", extract_frames.ExtractFrames),
        ("split", SplitSection),
        ("protocol", evaluate.Protocol),
        ("encoder", embed.EncoderSection),
        ("embed", embed.Embed),
        ("train", TrainSection),
        ("evaluate", evaluate.Evaluate),
        ("compare", CompareSection),
        ("robustness", RobustnessSection),
        ("explain", ExplainSection),
        ("report", report.Report),
        ("package", package.Package),
    ],
)
def test_shipped_params_are_valid_and_every_key_is_read(section, model):
    check_section(PARAMS[section], model, "params.yaml")
    assert set(PARAMS[section]) == set(model.model_fields)


def keys(value: object) -> set[str]:
    """Every key of a YAML value, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(
    "path", ["params.yaml", *(p.relative_to(ROOT).as_posix() for p in ROOT.glob("conf/data/*.yaml"))]
)
def test_no_param_has_a_name_that_dvcs_run_cache_overlooks(path):
    """It drops `size` and `nfiles` from its key, so another value would bring back the old output."""
    found = keys(yaml.safe_load((ROOT / path).read_text()))
    assert found
    assert not found & {"size", "nfiles"}


def test_head_shows_the_baseline():
    assert PARAMS["detector"] == "baseline"


def test_params_have_the_form_that_exp_run_writes():
    text = (ROOT / "params.yaml").read_text()
    body = [line.split(" #")[0] for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert not [line for line in body if re.search(r"(:|-) [\[{\"]|null|~", line)], (
        "flow lists, quotes or null"
    )


@pytest.mark.parametrize("profile", sorted(p.name for p in (ROOT / "conf/data").glob("*.yaml")))
def test_every_profile_is_valid(profile):
    from clipforensics.sources.base import load_profile

    load_profile(ROOT / "conf/data" / profile)


def test_the_library_knows_no_fixed_path():
    found = []
    for file in Path(ROOT / "clipforensics").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Path" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and str(first.value).startswith(
                    ("data", "metrics", "models", "params")
                ):
                    found.append(f"{file.name}: {first.value}")
    assert found == []
