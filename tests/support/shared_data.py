"""Real test material, where this machine has it: a folder `shared` beside the checkout."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ENCODERS = DATA / "encoders"
FOOTAGE = DATA / "footage"
FFPP = DATA / "ffpp"
PEER_SCORES = DATA / "peer_scores"

needs_shared = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real test material at {DATA}")
