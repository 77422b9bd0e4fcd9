"""How many parameters a method moves, counted as peft counts them and printed as peft prints them."""

import torch


def parameter_counts(trainable: int, everything: int, head: int) -> dict[str, int | str]:
    """The entry `parameters` of detector.json.

    Args:
        trainable: Parameters that move, without the head's.
        everything: Of the network that holds them, adapters included, without the head.
        head: Of the linear unit on top.

    Returns:
        `trainable`, `all`, `head`, and `line`: what peft's print_trainable_parameters prints, with the head's
        count apart where there is one.
    """
    share = 100 * trainable / everything if everything else 0.0
    line = f"trainable params: {trainable:,d} || all params: {everything:,d} || trainable%: {share:.4f}"
    told = f"{line} (and the head's {head:,d})" if head else line
    return {"trainable": trainable, "all": everything, "head": head, "line": told}


def count_parameters(network: torch.nn.Module, *, moved: bool = False) -> int:
    """Number of parameters, each counted once; with `moved` only of those that training may change."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad or not moved)
