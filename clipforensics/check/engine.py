"""The engine that embeds: to be had on this machine, and one that keeps what the run promises."""

from pathlib import Path

from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.core.faults import InputError
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.engines.choosing import check_engine
from clipforensics.machine.devices import choose_device, choose_dtype
from clipforensics.machine.kernels import asks_for_portable


def check_embedding(params: Params, profiles: Path, problems: Problems) -> None:
    """Everything about `embed.engine` but whether it agrees with eager, which its first batch shows.

    Args:
        params: As far as it is right.
        profiles: Folder of the data sets' profiles, on which `portable: auto` depends.
        problems: Receives what is wrong.
    """
    embed = params.section(EmbedSection)
    if embed is None:
        return
    try:
        portable, device = asks_for_portable(params.path, profiles), choose_device()
    except InputError:
        return  # told elsewhere
    with problems.caught(str(params.path)):
        dtype = choose_dtype(embed.precision, device)
        check_engine(embed.engine, portable=portable, device=device, dtype=dtype)
