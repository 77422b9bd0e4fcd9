"""dvc.yaml against the code: dependencies, params, paths; and that test data is read by evaluate alone."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from clipforensics.check.settings import SECTIONS
from clipforensics.core.params import check_section
from tests.support.imports import ROOT, import_closure

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
DETECTORS = [
    f"clipforensics.detectors.{p.stem}" for p in (ROOT / "clipforensics/detectors").glob("[a-z]*.py")
]
KINDS, VIEWS = (
    [
        f"clipforensics.controls.{folder}.{p.stem}"
        for p in (ROOT / f"clipforensics/controls/{folder}").glob("[a-z]*.py")
    ]
    for folder in ("kinds", "views")
)
FAMILIES = [
    f"clipforensics.encoder.families.{p.stem}"
    for p in (ROOT / "clipforensics/encoder/families").glob("[a-z]*.py")
]
DYNAMIC = {  # what importlib loads by name
    "embed": FAMILIES,
    "ingest": [f"clipforensics.sources.{p.stem}" for p in (ROOT / "clipforensics/sources").glob("[a-z]*.py")],
    "train": [*DETECTORS, *FAMILIES],
    "evaluate": [*DETECTORS, *FAMILIES],
    "embed_controls": [*VIEWS, *FAMILIES],
    "controls": [*KINDS, *VIEWS],
    "robustness": [*DETECTORS, *FAMILIES],
    "explain": [*DETECTORS, *FAMILIES],
}
READ = {"package": "clipforensics/detectors"}  # whose docstrings stand in model cards
WHOLE = {"check", "report"}  # depend on the whole library


def names(entries: list) -> list[str]:
    """Paths of a list of deps, outs, metrics or plots, whose entries may carry options."""
    return [next(iter(e)) if isinstance(e, dict) else e for e in entries]


def covered(path: str, deps: list[str]) -> bool:
    return any(fnmatch(path, re.sub(r"\$\{.*?\}", "*", dep)) or path.startswith(f"{dep}/") for dep in deps)


PINNING = {"clipforensics/machine/kernels.py"}
"""Runs before every stage, and changes no byte of those that do not compute, which declare no `portable`."""


def reached(stage: str) -> set[str]:
    """Project files that a stage can run."""
    modules = [f"stages.{stage}", *DYNAMIC.get(stage, [])]
    found = set().union(*map(import_closure, modules))
    return found if "portable" in STAGES[stage]["params"] else found - PINNING


def code_deps(stage: str) -> list[str]:
    return [dep for dep in names(STAGES[stage]["deps"]) if dep.startswith(("clipforensics", "stages"))]


@pytest.mark.parametrize("stage", STAGES)
def test_deps_hold_the_import_closure(stage):
    files, deps = reached(stage), code_deps(stage)
    assert {f for f in files if not covered(f, deps)} == set(), "imported, but no dep"
    needless = [d for d in deps if not any(covered(f, [d]) for f in files) and d != READ.get(stage)]
    assert needless == [], "a dep that is never imported"


CLUSTER = " ".join(
    f"machine/cluster/{name}.py" for name in ("choosing", "joining", "mapping", "nodes", "serving")
)

BESIDE = {  # modules that lie in a stage's folders and that it never runs: a change there runs it for nothing
    "ingest": """footage/container.py footage/holding.py footage/resuming.py naming/doubts.py
        naming/places.py""",
    "find_faces": "footage/container.py",
    "embed_people": """faces/finding.py faces/following.py faces/shots.py faces/watching.py
        footage/container.py""",
    "extract_frames": "footage/container.py",
    "hash_frames": "core/records.py",
    "split": "core/fitting.py",
    "duplicates": "core/fitting.py",
    "recognition": "core/fitting.py",
    "embed": "core/records.py encoder/text.py",
    "extract_background": "crops/counting.py footage/container.py",
    "embed_controls": "core/records.py encoder/text.py",
    "train": f"encoder/embedding.py {CLUSTER} machine/database.py machine/kept.py",
    "evaluate": f"""adaptation/choice.py encoder/embedding.py {CLUSTER} machine/database.py machine/kept.py
        training/costs.py training/hardware.py training/launching.py""",
    "compare": """core/fitting.py metrics/errors.py metrics/evaluation.py metrics/thresholds.py
        metrics/usability.py statistics/binormal.py""",
    "likelihood": """core/fitting.py likelihood/likeness.py likelihood/saved.py metrics/errors.py
        metrics/evaluation.py metrics/thresholds.py statistics/binormal.py statistics/bootstrap.py
        statistics/holm.py statistics/pairs.py statistics/permutation.py statistics/power.py
        statistics/simultaneous.py statistics/training_sets.py statistics/weighted.py""",
    "controls": """comparison/elsewhere.py comparison/headline.py comparison/league.py comparison/matrix.py
        comparison/means.py comparison/plots.py comparison/usable.py controls/embedding.py
        statistics/binormal.py""",
    "robustness": f"""adaptation/choice.py encoder/embedding.py {CLUSTER} machine/database.py machine/kept.py
        statistics/binormal.py statistics/holm.py statistics/permutation.py statistics/power.py
        statistics/training_sets.py
        training/costs.py training/hardware.py training/launching.py""",
    "explain": f"""adaptation/choice.py encoder/embedding.py {CLUSTER} machine/database.py machine/kept.py
        protocol/tables.py training/costs.py training/hardware.py training/launching.py""",
    "record": "core/fitting.py",
    "package": """frames/codecs.py frames/shard_file.py frames/store.py likelihood/assessment.py
        likelihood/conditions.py likelihood/costs.py likelihood/curves.py likelihood/summary.py
        metrics/errors.py metrics/evaluation.py
        metrics/thresholds.py metrics/usability.py publishing/inspecting.py publishing/opening.py
        report/wording/html.py report/wording/nested.py report/wording/printable.py
        report/wording/tables.py""",
}


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in WHOLE])
def test_what_lies_in_a_stages_folders_and_is_not_run_by_it_is_known(stage):
    deps = [dep for dep in code_deps(stage) if dep != READ.get(stage)]
    lying = {
        path.relative_to(ROOT).as_posix()
        for dep in deps
        for path in ((ROOT / dep).rglob("[a-z]*.py") if (ROOT / dep).is_dir() else ())
    }
    found = {path.removeprefix("clipforensics/") for path in lying - reached(stage)}
    assert found == set(BESIDE.get(stage, "").split())


def test_dvc_yaml_reads_as_a_table_of_contents():
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) <= 628
    assert sum(dep.startswith("clipforensics") for stage in STAGES for dep in code_deps(stage)) <= 195


HOURS = {
    "ingest",
    "find_faces",
    "embed_people",
    "extract_frames",
    "extract_background",
    "embed",
    "embed_controls",
    "train",
}
"""Stages that cost hours on real footage."""


def rerun_by(path: str) -> set[str]:
    """Stages that a change of a file or folder of the library runs again."""
    # but for `check`, which everything runs again in seconds, and whose output never changes
    return {
        s
        for s in set(STAGES) - {"check"}
        if any(covered(path, [d]) or d.startswith(f"{path}/") for d in code_deps(s))
    }


@pytest.mark.parametrize(
    ("room", "stages"),
    [
        ("report", "package report"),  # model cards speak with the page's words
        ("report/sections", "report"),
        ("report/figures", "report"),
        ("audit", "report"),
        ("statistics", "compare likelihood controls robustness report"),
        ("comparison", "compare controls report"),
        ("likelihood", "likelihood package report"),
        ("robustness", "robustness report"),
        ("controls", "extract_background embed_controls controls report"),
        ("controls/kinds", "controls report"),
        ("explanations", "explain report"),
        ("publishing", "package report"),
        ("metrics/new_metric.py", "evaluate compare likelihood controls package report"),
        ("metrics/points.py", "evaluate compare likelihood controls robustness package report"),
        ("splits", "split duplicates recognition report"),
        ("naming", "ingest report"),
        ("sample", "ingest report"),
        (
            "machine/kernels.py",
            "ingest hash_frames recognition embed embed_controls train evaluate compare likelihood controls"
            " robustness explain package report",
        ),
        ("crops", "extract_frames extract_background report"),
        ("faces/watching.py", "find_faces embed_people report"),
        ("faces/face.py", "find_faces embed_people extract_frames extract_background report"),
        ("recognition/sface.py", "embed_people report"),
        ("recognition/matching.py", "recognition report"),
        ("duplicates/auditing.py", "duplicates recognition report"),
        ("footage/video.py", "ingest find_faces embed_people extract_frames extract_background report"),
        ("detectors/lora.py", "train evaluate robustness explain package report"),
        ("adaptation", "train evaluate controls robustness explain package report"),
        ("adaptation/linear_probe.py", "train evaluate controls robustness explain report"),
        ("training", "train evaluate controls robustness explain report"),
        ("training/trainer.py", "train evaluate robustness explain report"),
        (
            "frames",
            "find_faces embed_people extract_frames extract_background hash_frames embed embed_controls train"
            " evaluate controls robustness explain package report",
        ),
        (
            "core",
            "ingest find_faces embed_people extract_frames extract_background hash_frames split duplicates"
            " recognition embed embed_controls train evaluate compare likelihood controls robustness explain"
            " record package report",
        ),
    ],
)
def test_which_stages_a_change_of_a_room_runs_again(room, stages):
    found = rerun_by(f"clipforensics/{room}")
    assert found == set(stages.split())


@pytest.mark.parametrize(
    "room", ["report", "statistics", "comparison", "likelihood", "audit", "publishing", "metrics/new.py"]
)
def test_no_word_on_a_page_and_no_new_metric_trains_embeds_or_extracts(room):
    assert not rerun_by(f"clipforensics/{room}") & HOURS


def test_every_room_says_what_it_is_in_one_docstring_and_holds_nothing_else():
    """DVC ignores these files (.dvcignore), so nothing in them may run in a stage."""
    for path in (ROOT / "clipforensics").glob("*/**/__init__.py"):
        (only,) = ast.parse(path.read_text()).body
        assert isinstance(only, ast.Expr), path
        assert isinstance(only.value, ast.Constant), path
        assert isinstance(only.value.value, str), path


NO_DEP = {"report": {"data/weights"}}  # read for report/league.md alone, which is not tracked


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
    for path in paths - NO_DEP.get(stage, set()):
        assert any(d == path or d.startswith(f"{path}/") or path.startswith(f"{d}/") for d in declared), path


def test_every_stage_waits_for_check():
    """By what it reads, so that no order of DVC's can run one before."""
    made = {path: stage for stage in STAGES for path in outputs(stage)}
    reads = {
        stage: {made[out] for dep in names(STAGES[stage]["deps"]) for out in made if meet(dep, out)}
        for stage in STAGES
    }
    waiting = {"check"}
    for _ in STAGES:
        waiting |= {stage for stage, before in reads.items() if before & waiting}
    assert waiting == set(STAGES)


def outputs(stage: str) -> list[str]:
    return [path for kind in ("outs", "metrics", "plots") for path in names(STAGES[stage].get(kind, []))]


def meet(dep: str, out: str) -> bool:
    """Whether one is the other or lies in it."""
    return dep == out or dep.startswith(f"{out}/") or out.startswith(f"{dep}/")


def test_only_evaluate_and_what_follows_it_depend_on_test():
    readers = {stage for stage, entry in STAGES.items() if any("test.csv" in d for d in names(entry["deps"]))}
    assert readers == {"evaluate", "robustness"}, "which evaluates degraded test frames"
    whole_splits = {stage for stage, entry in STAGES.items() if "data/splits" in names(entry["deps"])}
    assert whole_splits == {"compare", "likelihood", "controls", "duplicates", "recognition", "package"}, (
        "after evaluate, or no training"
    )


@pytest.mark.parametrize(("section", "model"), SECTIONS.items())
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
    assert not [line for line in body if re.search(r"(:|-) ([{\"]|\[[^]])|null|~", line)], (
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
