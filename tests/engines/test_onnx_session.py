"""onnxruntime against eager, on every family of encoders."""

import os

from tests.support.engines import EngineContract


class TestOnnxSession(EngineContract):
    engine = "onnxruntime"

    def test_its_maker_is_told_nothing(self, tmp_path, monkeypatch):
        monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
        self.build("clip", tmp_path)
        assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
