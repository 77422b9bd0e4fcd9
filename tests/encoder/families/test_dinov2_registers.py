"""DINOv2 with registers, which stand between class token and patches and are read by no embedding."""

from transformers import BitImageProcessorPil

from tests.encoder.families.test_dinov2 import BASE, by_hand
from tests.support.family_contract import FamilyContract


class TestDinov2WithRegisters(FamilyContract):
    kind = "dinov2_with_registers"
    true_size = {**BASE, "num_register_tokens": 4}  # noqa: RUF012
    parameters = 86_583_552  # facebook/dinov2-with-registers-base: four tokens more than without

    def reference(self, tower, pixels, embedding):
        return by_hand(tower, pixels, embedding, registers=2)

    def processed(self, folder, picture):
        processor = BitImageProcessorPil.from_pretrained(folder)
        return processor(picture, return_tensors="pt", input_data_format="channels_last")["pixel_values"][0]
