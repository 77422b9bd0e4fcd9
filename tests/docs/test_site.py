"""The site builds without a warning, holds every public name of the code, and a dead link stops it."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.support.imports import ROOT

BUILD = [sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", "--keep-going"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the pages beside the code, so that a build writes nothing into the project."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(
        ROOT / "docs", root / "docs", ignore=shutil.ignore_patterns("_build", "api", "__pycache__")
    )
    shutil.copytree(
        ROOT / "clipforensics", root / "clipforensics", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "params.yaml"):
        shutil.copy(ROOT / name, root)
    return root / "docs"


def build(source, out):
    return subprocess.run(
        [*BUILD, str(source), str(out)], capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def site(source, tmp_path_factory):
    out = tmp_path_factory.mktemp("html")
    done = build(source, out)
    assert (done.returncode, done.stderr) == (0, "")
    return out


def test_every_room_and_public_function_is_in_the_reference(site):
    pages = "".join(path.read_text(encoding="utf-8") for path in (site / "reference/api").rglob("*.html"))
    for path in (ROOT / "clipforensics").rglob("*.py"):
        for name in re.findall(r"^def ([a-z]\w*)\(", path.read_text(encoding="utf-8"), re.M):
            assert f">{name}<a" in pages or f"{name}</code>" in pages, f"{name} of {path}"


def test_links_inside_the_site_lead_somewhere(site):
    """In the HTML itself, whatever made it: pages, anchors, style sheets."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            if link.startswith(("http", "mailto:", "data:")) or link == "#":
                continue
            where, _, anchor = link.partition("#")
            target = (page.parent / where.partition("?")[0]).resolve() if where else page
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{link} in {page.relative_to(site)}"
            if anchor and target.suffix == ".html":
                assert f'id="{anchor}"' in target.read_text(encoding="utf-8"), (
                    f"{link} in {page.relative_to(site)}"
                )


def test_nothing_is_fetched_from_the_network(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="(http[^"]+)"', page.read_text()
        )
        assert loaded == [], page


def test_dead_links_stop_the_build(tmp_path):
    """Of two pages, built as the site is: by its conf.py, its extensions and its theme."""
    source = tmp_path / "docs"
    for name in ("extensions", "static"):
        shutil.copytree(ROOT / "docs" / name, source / name)
    shutil.copy(ROOT / "docs/conf.py", source)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "clipforensics").mkdir()
    for name in ("__init__", "only_here"):
        (tmp_path / f"clipforensics/{name}.py").write_text('"""Code."""\n', encoding="utf-8")
    (source / "page.md").write_text("# Page\n\n## Somewhere\n", encoding="utf-8")
    alive = ("page.md", "page.md#somewhere", "#index", "reference/api/only_here.md")
    dead = ("nowhere.md", "page.md#nowhere", "#nowhere")
    links = [f"[link]({link})" for link in (*alive, *dead)]
    pages = "```{toctree}\npage\nreference/api/index\n```"
    (source / "index.md").write_text("\n\n".join(["# Index", *links, pages]), encoding="utf-8")
    done = build(source, tmp_path / "html")
    assert done.returncode != 0
    assert re.findall(r"(\w+)\.md:\d+: WARNING", done.stderr) == ["index"] * len(dead), done.stderr
    assert done.stderr.count("WARNING") == len(dead), done.stderr
