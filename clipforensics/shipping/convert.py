"""`clipforensics convert`: a packaged detector for other runtimes, left only if it is still the same."""

import argparse
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.publishing.digests import write_files
from clipforensics.publishing.files import CARD

FORMS = ("onnx", "merged")


def main(arguments: Sequence[str] | None = None) -> None:
    """Convert the package that is named, compare the two, and say how far they are apart.

    Args:
        arguments: The command line.

    Raises:
        InputError: it is no package or cannot be converted, a library is missing, the place is taken, or what
            came out is not the same detector, of which nothing stays then.
        SystemExit: with 2, the command line is wrong.
    """
    given = _parser().parse_args(arguments)
    # torch takes seconds to load, which --help and a wrong option need not wait for
    if given.form == "onnx":
        from clipforensics.shipping.to_onnx import convert
    else:
        from clipforensics.shipping.to_tower import convert
    check_place(given.out, given.model)
    with whole_or_nothing(given.out) as folder:
        told = convert(given.model, folder, given.encoder, fetch=given.fetch)
        write_files(folder)
    print("\n".join([f"{given.out}: {told[0]}", *told[1:]]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics convert", description="A packaged detector for other runtimes."
    )
    add = parser.add_argument
    add("--model", type=Path, required=True, metavar="DIR", help="a package, as models/<detector>/<cell>")
    add("--to", dest="form", choices=FORMS, required=True, help="one ONNX file, or a plain vision tower")
    add("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    add("--encoder", type=Path, metavar="DIR", help="its encoder, where that is not in the package")
    add("--fetch", action="store_true", help="fetch an encoder that the package names on the hub")
    return parser


def check_place(out: Path, model: Path) -> None:
    """Raise InputError unless `out` is new, or an empty folder, and outside of the package."""
    if not model.is_dir():
        raise InputError(f"--model {model} is no folder; name a package, as models/<detector>/<cell>")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"--out {out} is there already; name a new folder")
    if out.resolve().is_relative_to(model.resolve()):
        raise InputError(f"--out {out} lies in the package, which is handed on as it is; name another folder")


@contextmanager
def whole_or_nothing(out: Path) -> Iterator[Path]:
    """A folder that is in the place of `out` once all is well, and gone if anything fails."""
    folder = out.with_name(f".{out.name}-unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        yield folder
        _as_others_write(folder)
        if out.exists():
            out.rmdir()  # it was empty
        folder.rename(out)
    except OSError as error:
        raise InputError(
            f"--out {out} cannot be written: {error}; mend that, or name another folder"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_others_write(folder: Path) -> None:
    """Files of safetensors are made for their owner's eyes alone; let them be as open as the card."""
    mode = (folder / CARD).stat().st_mode
    for path in folder.iterdir():
        path.chmod(mode)
