"""Effort: the last singular directions of CLIP's attention layers learn, the principal ones stay.

Yan et al. 2025, "Orthogonal Subspace Decomposition for Generalizable AI-Generated Image Detection" (ICML),
arXiv 2411.15633, and its code (YZY-stack/Effort-AIGI-Detection, effort_detector.py): of W = U S V, the weight
of each linear layer of the attention of every block (q_proj, k_proj, v_proj, out_proj), the principal part is
frozen and the last r directions are trained; for ViT-L/14 one: .19 M parameters. Two losses, means over the
layers, keep the directions orthonormal, to each other and to the principal ones, and the Frobenius norm of W.
The paper trains with both; the code that its authors published defines them but leaves them out of the loss
(issues 9 and 20 of that repository), which weights of 0 do here.

Departures. Three do not change the function that is learned: a layer computes W x + u s v x - u0 s0 v0 x,
with the starting values of what moves, where the authors add u s v to a principal part put together again in
float32. So the weight itself is never touched, an untrained layer gives the exact numbers of the encoder, and
the losses need r columns in place of products of whole matrices. The starting values are saved beside the
trained ones: loading needs no decomposition and does not depend on its signs or the machine. Two do: the
head reads the unit-length embedding that section `encoder` names (theirs the pooled one as it is), and the
optimiser is the budget's.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import Field
from safetensors.torch import load_file, save_file

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.pixel_method import TRAINED, PixelMethod, PixelSettings
from clipforensics.adaptation.record import Usage
from clipforensics.core.faults import InputError
from clipforensics.encoder.families.base import Role
from clipforensics.encoder.families.finding import family_named, family_of
from clipforensics.encoder.tensor_file import check_tensors
from clipforensics.encoder.vision import Embedding

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ROLES: tuple[Role, ...] = ("query", "key", "value", "output")

SAVED = ("u", "s", "v", "u0", "s0", "v0")
"""Tensors of a layer that are saved."""

Directions = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Left singular directions (n, r), singular values (r,), right directions (r, n)."""


class Settings(PixelSettings):
    """Section `methods.effort` of params.yaml.

    Attributes:
        r: How many of the last singular directions of each layer learn.
        orthogonality_weight: Of the loss that keeps directions orthonormal; 0 leaves it out.
        norm_weight: Of the loss that keeps the Frobenius norm of each layer; 0 leaves it out.
    """

    r: int = Field(ge=1)
    orthogonality_weight: float = Field(ge=0)
    norm_weight: float = Field(ge=0)


class ResidualLinear(torch.nn.Linear):
    """A frozen square linear layer of which the last singular directions learn.

    Attributes:
        weight: The original's, (n, n); and `bias`.
        u: Left directions (n, r), trained.
        s: Singular values (r,), trained.
        v: Right directions (r, n), trained.
        u0: Where `u` started; and `s0`, `v0`.
    """

    u: torch.nn.Parameter
    s: torch.nn.Parameter
    v: torch.nn.Parameter
    u0: torch.Tensor
    s0: torch.Tensor
    v0: torch.Tensor

    def __init__(self, linear: torch.nn.Linear, u: torch.Tensor, s: torch.Tensor, v: torch.Tensor) -> None:
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        for name, start in (("u", u), ("s", s), ("v", v)):
            self.register_buffer(f"{name}0", start)
            self.register_parameter(name, torch.nn.Parameter(start.clone()))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(..., n) -> (..., n)."""
        linear = torch.nn.functional.linear
        now = linear(linear(inputs, self.v) * self.s, self.u)
        start = linear(linear(inputs, self.v0) * self.s0, self.u0)
        return super().forward(inputs) + (now - start)

    def change(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Factors (n, 2 r) and (2 r, n) of what was added to the weight."""
        return torch.cat([self.u * self.s, -self.u0 * self.s0], dim=1), torch.cat([self.v, self.v0])

    def orthogonality(self) -> torch.Tensor:
        """Half of |U U' - 1| + |V' V - 1| (Frobenius) with U and V all n directions; 0-d.

        U is square, so |U U' - 1| = |U' U - 1|, whose blocks are 0 for the frozen directions among
        themselves, U_r' u twice, and u' u - 1. And |U_r' u| = |u - u0 u0' u|, as u0 and U_r are together a
        basis.
        """
        return (_departure(self.u, self.u0) + _departure(self.v.T, self.v0.T)) / 2

    def norm_change(self) -> torch.Tensor:
        """Absolute change of the weight's squared Frobenius norm; 0-d."""
        left, right = self.change()
        mixed = ((self.weight @ right.T) * left).sum()
        return (2 * mixed + ((left.T @ left) * (right @ right.T)).sum()).abs()


def _departure(now: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    outside = now - start @ (start.T @ now)
    among = now.T @ now - torch.eye(now.shape[1], device=now.device)
    return torch.linalg.vector_norm(torch.cat([outside * 2**0.5, among]))


class EffortEncoder(AdaptedEncoder):
    """An encoder with residual layers, whose loss keeps them orthonormal and of the same norm.

    Attributes:
        settings: Weights of the two losses.
    """

    def __init__(self, tower: "PreTrainedModel", embedding: Embedding, settings: Settings) -> None:
        super().__init__(tower, embedding)
        self.settings = settings

    def objective(self, inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Cross-entropy and the two losses, which no frame enters."""
        return super().objective(inputs, targets, weights) + self.penalty()

    def penalty(self) -> torch.Tensor:
        """The two losses, weighted; 0-d."""
        layers = [m for m in self.modules() if isinstance(m, ResidualLinear)]
        total, settings = torch.zeros((), device=self.device), self.settings
        with torch.autocast(self.device.type, enabled=False):  # bfloat16 would see nothing of small changes
            if settings.orthogonality_weight:
                departures = torch.stack([layer.orthogonality() for layer in layers])
                total = total + settings.orthogonality_weight * departures.mean()
            if settings.norm_weight:
                total = total + settings.norm_weight * torch.stack([m.norm_change() for m in layers]).mean()
        return total


class Effort(PixelMethod):
    """Effort under the contract."""

    settings = Settings

    def adapt(
        self, tower: "PreTrainedModel", settings: Settings, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """Part every attention layer into what is kept and what learns; nothing is drawn.

        Decomposing takes one core half a second for each of the 96 layers of ViT-L/14.

        Raises:
            InputError: the layers have fewer directions than shall learn, or one layer has several roles.
        """
        del seed
        width = min(min(linear.weight.shape) for _, linear in attention_layers(tower))
        if settings.r > width:
            raise InputError(
                f"methods.effort.r: {settings.r} directions shall learn, but the layers of the encoder have"
                f" {width}; make it smaller"
            )
        starts = {
            name: last_directions(linear.weight, settings.r) for name, linear in attention_layers(tower)
        }
        return replace_layers(tower, starts, embedding, settings)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """r (n + 1 + n) for each of the four layers of a block."""
        shape = family_named(encoder["vision"]).shape(encoder["vision"])
        a_layer = settings.r * (2 * shape.width + 1)
        return {"trainable": shape.layers * len(ROLES) * a_layer, "head": encoder["width"] + 1}

    def usage(self, settings: Settings) -> Usage:
        """Lines for the model card: what was learnt is added to the weights, as by `merge`."""
        factors = ", ".join(f'trained[f"{{name}}.{key}{{start}}"]' for key in "usv")
        return Usage(
            setup=(
                f'trained = load_file(folder / "{TRAINED}")',
                'for name in sorted({key.rpartition(".")[0] for key in trained}):',
                '    for start, sign in (("", 1), ("0", -1)):',
                f"        u, s, v = {factors}",
                "        tower.get_submodule(name).weight.data += sign * (u * s) @ v",
            )
        )

    def save_adapter(self, model: AdaptedEncoder, folder: Path) -> None:
        """Write what moved and where it started, by layer."""
        layers = {n: m for n, m in model.base.named_modules() if isinstance(m, ResidualLinear)}
        tensors = {
            f"{name}.{key}": getattr(layer, key).detach().cpu().contiguous()
            for name, layer in layers.items()
            for key in SAVED
        }
        save_file(tensors, folder / TRAINED)

    def load_adapter(
        self,
        tower: "PreTrainedModel",
        settings: Settings,
        *,
        embedding: Embedding,
        folder: Path,
    ) -> AdaptedEncoder:
        """Read what `save_adapter` wrote; nothing is decomposed."""
        names = [name for name, _ in attention_layers(tower)]
        check_tensors(folder / TRAINED, _saved_shapes(tower, settings.r))
        tensors = load_file(folder / TRAINED)
        starts = {n: (tensors[f"{n}.u0"], tensors[f"{n}.s0"], tensors[f"{n}.v0"]) for n in names}
        model = replace_layers(tower, starts, embedding, settings)
        tower.load_state_dict(tensors, strict=False)
        return model

    def merge(self, model: AdaptedEncoder) -> AdaptedEncoder:
        """Add what was learnt to the weights and put plain layers back."""
        for name, layer in list(model.base.named_modules()):
            if isinstance(layer, ResidualLinear):
                model.base.set_submodule(name, merged(layer))
        return model


def _saved_shapes(tower: torch.nn.Module, r: int) -> dict[str, tuple[int, ...]]:
    """What `save_adapter` writes of a tower."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, layer in attention_layers(tower):
        n = len(layer.weight)
        of = {"u": (n, r), "s": (r,), "v": (r, n)}
        shapes |= {f"{name}.{key}": of[key[0]] for key in SAVED}
    return shapes


def attention_layers(tower: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Linear]]:
    """Name and module of the linear layers of every attention, in the order of the tower.

    Raises:
        InputError: query, key, value and output are no four square layers.
    """
    family = family_of(tower)
    for name, attention in family.attentions(tower):
        layers = family.named(ROLES, dict(attention.named_children()))
        found = [(f"{name}.{layer}", getattr(attention, layer)) for layer in layers]
        if len(found) < len(ROLES) or any(len(set(m.weight.shape)) > 1 for _, m in found):
            raise InputError(
                f"detectors: effort takes query, key, value and output apart, and the encoder has {layers}"
                " for them; leave it out, or choose an encoder with four square layers"
            )
        yield from found


def last_directions(weight: torch.Tensor, r: int) -> Directions:
    """The last r singular directions of a square matrix.

    In float64, so that they are the same to the last bit of float32 on most machines, and with the largest
    entry of every right direction positive, which a decomposition leaves open.

    Args:
        weight: (n, n).
        r: At most n.

    Returns:
        Left directions (n, r), singular values (r,) and right directions (r, n), float32; the smallest last.
    """
    u, s, v = torch.linalg.svd(weight.detach().double(), full_matrices=False)
    u, s, v = u[:, -r:], s[-r:], v[-r:]
    signs = v.gather(1, v.abs().argmax(dim=1, keepdim=True)).sign()
    return (u * signs.T).float().contiguous(), s.float(), (v * signs).float().contiguous()


def replace_layers(
    tower: "PreTrainedModel",
    starts: Mapping[str, Directions],
    embedding: Embedding,
    settings: Settings,
) -> EffortEncoder:
    """Make every attention layer of a frozen tower a residual one that starts with the given directions."""
    for name, linear in list(attention_layers(tower)):
        tower.set_submodule(name, ResidualLinear(linear, *starts[name]))
    return EffortEncoder(tower, embedding, settings)


@torch.no_grad()
def merged(layer: ResidualLinear) -> torch.nn.Linear:
    """A plain layer with the weight that the residual one amounts to."""
    left, right = (factor.double() for factor in layer.change())
    plain = torch.nn.Linear(layer.in_features, layer.out_features, layer.bias is not None, device="meta")
    weight = (layer.weight.double() + left @ right).float()
    plain.weight, plain.bias = torch.nn.Parameter(weight, requires_grad=False), layer.bias
    return plain


DETECTOR = Effort()
