"""Which project files a module reaches by its imports, read from the source, lazy imports included."""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("clipforensics", "stages")


def import_closure(module: str) -> set[str]:
    """Project files (relative, with /) that importing and running `module` can execute.

    Files `__init__.py` of the library are left out: those of rooms hold a docstring and nothing else, and the
    library's own gives `Detector` to whoever asks for it. That of `stages` runs before every stage.
    """
    todo, seen = [module, *(["stages"] if module.startswith("stages") else [])], {"clipforensics"}
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += _imports(name)
    files = {_file(name) for name in seen}
    return {
        file.relative_to(ROOT).as_posix()
        for file in files
        if file.name != "__init__.py" or file.parent.name == "stages"
    }


def _file(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _exists(module: str) -> bool:
    return module.split(".")[0] in PACKAGES and _file(module).is_file()


@functools.cache
def _imports(module: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(_file(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in found if _exists(name)]


if __name__ == "__main__":
    for stage in sorted((ROOT / "stages").glob("[a-z]*.py")):
        print(stage.stem, *sorted(import_closure(f"stages.{stage.stem}")), sep="\n    - ")
