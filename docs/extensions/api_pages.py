"""The code's reference: one page a room of `clipforensics/`, written from its docstrings before a build.

The source is read, not imported (griffe), so a build needs no torch, and no list of modules is kept by hand.
"""

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

import griffe
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
PACKAGE = "clipforensics"
FOLDER = "reference/api"


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx to write the pages before it looks for pages."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / FOLDER))
    return {"parallel_read_safe": True}


def write_pages(folder: Path, root: Path = ROOT) -> list[str]:
    """Write a page a room and the page that lists them; remove pages of rooms that are gone.

    Returns:
        Names of the rooms, sorted.
    """
    rooms = read_rooms(root)
    pages = {f"{name}.md": room_page(name, modules) for name, modules in rooms.items()}
    pages["index.md"] = contents_page(rooms)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:  # else Sphinx reads it again
            path.write_text(text, encoding="utf-8")
    return sorted(rooms)


def read_rooms(root: Path = ROOT) -> dict[str, list[griffe.Module]]:
    """Modules of each room, the room itself first; single modules of the package are a room each."""
    package = griffe.load(
        PACKAGE,
        search_paths=[root],
        try_relative_path=False,  # not the package of the folder that Sphinx is started in
        docstring_parser="google",
        allow_inspection=False,
    )
    assert isinstance(package, griffe.Module)
    return {room.name: list(walk(room)) for room in inner_modules(package)}


def walk(module: griffe.Module) -> Iterator[griffe.Module]:
    """A module and all below it, by name."""
    yield module
    for inner in inner_modules(module):
        yield from walk(inner)


def inner_modules(module: griffe.Module) -> list[griffe.Module]:
    """Modules that lie in its folder, by name; not those that it imports."""
    return sorted((m for m in module.members.values() if isinstance(m, griffe.Module)), key=lambda m: m.name)


def contents_page(rooms: dict[str, list[griffe.Module]]) -> str:
    """What each room is, in its own words."""
    lines = [
        "# The code, room by room",
        "",
        "From the docstrings. Stages import these rooms, never the reverse.",
        "",
    ]
    lines += ["| room | what it is |", "|---|---|"]
    for name, (room, *_) in rooms.items():
        lines.append(f"| [{name}]({name}.md) | {first_sentence(room)} |")
    toctree = ["", "```{toctree}", ":hidden:", "", *rooms, "```", ""]
    return "\n".join(lines + toctree)


def first_sentence(module: griffe.Module) -> str:
    """The first paragraph of its docstring, on one line."""
    text = module.docstring.value if module.docstring else ""
    return " ".join(text.split("\n\n")[0].split())


def room_page(name: str, modules: list[griffe.Module]) -> str:
    """Everything public of a room."""
    parts = [f"# {name}"]
    for module in modules:
        own = module is modules[0]
        if not own:
            parts.append(f"## {module.path.removeprefix(PACKAGE + '.')}")
        parts += [*described(module), *public_members(module, "##" if own else "###")]
    return "\n\n".join(parts) + "\n"


def public_members(module: griffe.Module, level: str) -> Iterator[str]:
    """Documented constants, functions and classes that the module itself defines, in its order.

    Args:
        module: Whose members.
        level: The sign of a heading that each stands under.
    """
    for member in module.members.values():
        if member.is_alias or member.name.startswith("_"):
            continue
        if isinstance(member, griffe.Attribute):
            if member.docstring:
                yield "\n\n".join([f"{level} {member.name}", *described(member)])
        elif isinstance(member, griffe.Function):
            yield "\n\n".join([f"{level} {member.name}", signature(member), *described(member)])
        elif isinstance(member, griffe.Class):
            yield "\n\n".join(class_entry(member, level))


def class_entry(found: griffe.Class, level: str) -> Iterable[str]:
    """A class and its public methods."""
    bases = ", ".join(str(base) for base in found.bases)
    yield f"{level} {found.name}"
    yield f"```python\nclass {found.name}{f'({bases})' if bases else ''}\n```"
    yield from described(found)
    for method in found.members.values():
        if isinstance(method, griffe.Function) and not method.name.startswith("_") and method.docstring:
            yield f"{level}# {found.name}.{method.name}"
            yield signature(method)
            yield from described(method)


def signature(function: griffe.Function) -> str:
    """The head of a function as one writes it, broken one parameter a line where it is long."""
    head = function.signature()
    if len(head) > 100 and len(function.parameters) > 1:
        inside, returns = head.split("(", 1)[1], ""
        inside, _, returns = inside.rpartition(")")
        arguments = split_arguments(inside)
        head = head.split("(", 1)[0] + "(\n" + "".join(f"    {a},\n" for a in arguments) + f"){returns}"
    return f"```python\n{head}\n```"


def split_arguments(text: str) -> list[str]:
    """Split at commas that are in no brackets."""
    parts, depth, current = [], 0, ""
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += letter
    return [*parts, current.strip()]


def described(item: griffe.Object) -> Iterator[str]:
    """The sections of a docstring as Markdown."""
    if not item.docstring:
        return
    for section in item.docstring.parse("google"):
        if isinstance(section, griffe.DocstringSectionText):
            yield escaped(section.value)
        elif isinstance(section.value, list):
            yield f"**{section.kind.value.capitalize()}**"
            yield "\n".join(f"- {entry(one)}" for one in section.value)


def entry(item: griffe.DocstringElement) -> str:
    """One line of a list of arguments, attributes, errors or results."""
    name = getattr(item, "name", "") or ("" if item.annotation is None else str(item.annotation))
    text = " ".join(escaped(inspect.cleandoc(item.description)).split())
    returned = isinstance(item, griffe.DocstringReturn | griffe.DocstringYield)
    return text if returned or not name else f"`{name}`: {text}"


def escaped(text: str) -> str:
    """Markdown that means what the docstring says: in code nothing changes, elsewhere there is no markup."""
    return "\n\n".join(
        paragraph if is_code(paragraph) else in_words(paragraph) for paragraph in text.split("\n\n")
    )


def is_code(paragraph: str) -> bool:
    """Whether every line is indented as code is."""
    return all(line.startswith("    ") for line in paragraph.splitlines())


def in_words(paragraph: str) -> str:
    """A paragraph in which only what stands between backticks is markup."""
    pieces = paragraph.replace("``", "`").replace(":class:", "").split("`")
    return "`".join(piece if i % 2 else shielded(piece) for i, piece in enumerate(pieces))


def shielded(text: str) -> str:
    """With a backslash before what Markdown would read as emphasis, a tag, a link or mathematics."""
    for sign in "*_<[]|$":
        text = text.replace(sign, f"\\{sign}")
    return text
