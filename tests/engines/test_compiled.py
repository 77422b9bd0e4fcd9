"""compile against eager, on every family of encoders."""

import numpy as np
import torch

from tests.support.engines import EngineContract, noise


class TestCompiled(EngineContract):
    engine = "compile"

    def test_in_bfloat16_it_is_held_to_what_eager_gives_there(self, tmp_path, capsys):
        embed, eager = self.build("clip", tmp_path, dtype=torch.bfloat16)
        np.testing.assert_allclose(embed(noise()), eager(noise()), atol=2e-2, rtol=2e-2)
        assert "engine compile: within " in capsys.readouterr().out
