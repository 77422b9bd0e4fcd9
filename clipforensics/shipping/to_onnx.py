"""A package as one ONNX file, run in ONNX Runtime beside torch before it is left anywhere."""

from pathlib import Path

import torch

from clipforensics.adaptation.record import RECORD
from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.publishing.digests import digest
from clipforensics.publishing.files import CARD, DIGESTS
from clipforensics.shipping.agreement import Agreement, agreement, as_log_odds, made_up_pixels, rates
from clipforensics.shipping.card import converted_card, made_of, onnx_code, read_beside, section
from clipforensics.shipping.contents import CONVERSION
from clipforensics.shipping.onnx_file import FILE, INPUT, OUTPUT, check_packages, export_onnx, open_onnx
from clipforensics.shipping.record import conversion, take_along
from clipforensics.shipping.trained import Trained, fold, open_trained

TOLERANCE = 1e-4
"""Of log odds; of scores it is a quarter of that at most."""

PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime")
NEEDS = "NumPy, Pillow and onnxruntime are needed, neither torch nor what made it."


def convert(package: Path, out: Path, encoder: Path | None = None, *, fetch: bool = False) -> list[str]:
    """Write the ONNX file and what stands beside it.

    Args:
        package: The folder.
        out: An empty folder.
        encoder: Folder of its encoder, where that is neither in the package nor on the hub.
        fetch: Whether an encoder that the package names on the hub may be fetched from there.

    Returns:
        What to say of it, in lines.

    Raises:
        InputError: a library is missing, it cannot be exported, or its log odds are not the package's.
    """
    check_packages()
    trained = open_trained(package, encoder, fetch=fetch)
    pixels = made_up_pixels(trained.preprocessing)
    expected = as_log_odds(trained.module)(pixels)
    module = fold(trained)
    opset = export_onnx(module, pixels, out)
    ours = open_onnx(out / FILE)
    found = agreement(ours, expected, pixels)
    if not found.log_odds <= TOLERANCE:
        raise InputError(
            f"{package}: {found.words}, and {TOLERANCE:g} is allowed of log odds, so the ONNX file is not"
            " kept; score with the package itself, or try other versions of torch and onnxruntime"
        )
    _write_beside(trained, out, found, opset)
    first, second = rates(ours, as_log_odds(module), pixels)
    return [
        f"{trained.name} as ONNX, operator set {opset}, batches of any size; {found.words}",
        f"on this CPU, {torch.get_num_threads()} thread(s): {first:.3g} frames/s in ONNX Runtime,"
        f" {second:.3g} in torch (ratio {first / second:.2f})",
    ]


def _write_beside(trained: Trained, out: Path, found: Agreement, opset: int) -> None:
    """Everything but the ONNX file."""
    take_along(trained.folder, out)
    size = trained.preprocessing.size
    shapes = {
        "input": {"name": INPUT, "type": "float32", "shape": ["batch", 3, size, size]},
        "output": {"name": OUTPUT, "type": "float32", "shape": ["batch"]},
        "opset": opset,
    }
    write_json(out / CONVERSION, conversion(trained, "onnx", found, PACKAGES, **shapes))
    point, frames = read_beside(out)
    text = section(
        made_of("onnx", digest(trained.folder / RECORD)),
        NEEDS,
        onnx_code(point, frames),
        frames=frames,
        checked=found.words,
        files=sorted([DIGESTS, *(path.name for path in out.iterdir())]),
    )
    (out / CARD).write_text(converted_card(trained.folder, text, "onnx"), encoding="utf-8")
