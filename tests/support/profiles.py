"""The profiles of the working folder's params.yaml, as the stage `check` writes them for later stages."""

from pathlib import Path

from clipforensics.sources.in_use import collect_profiles, write_profiles

IN_USE = Path("data/profiles.yaml")


def use_profiles(folder: Path = Path()) -> None:
    """Write them."""
    write_profiles(folder / IN_USE, collect_profiles(folder / "params.yaml", folder / "conf/data"))
