"""openvino against eager, on every family of encoders."""

import sys

from tests.support.engines import EngineContract


class TestOpenvinoModel(EngineContract):
    engine = "openvino"

    def test_its_maker_is_told_nothing(self, tmp_path):
        self.build("clip", tmp_path)
        assert sys.modules["openvino_telemetry"] is None
