"""Packages of strangers: each is refused in one line, at once, and before anything large is allocated."""

import re
import resource
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.publishing.opening import open_package
from tests.support.hostile_packages import HOSTILE, OTHERS, write_package

SECONDS, ROOM = 10, 2**30
"""Of a tenth of a second on most machines; bytes of address space beside what the tests have."""

NO_FILES = ("a pipe", "a device", "a link")

SAID = {
    r"detector\.json: `method`": ("no method", "a method that is a list"),
    r"'\.\./\.\./evil' is not a detector": ("a method that is a path",),
    r"detector\.json: `encoder": ("no encoder", "an encoder without embedding", "an embedding that is none"),
    r"detector\.json: `settings` is missing": ("no settings",),
    r"settings: `r` is missing": ("settings without rank",),
    r"is \(2, 32\), and should be \(1000000000, 32\)": ("a rank of 10^9", "a rank of 10^9 everywhere"),
    r"holds [\d,]+ numbers, and no method on an encoder of 24,448": (
        "a rank of 10^9 that the file has", "a head of a terabyte", "a probe of a terabyte",
    ),
    r"detector\.json cannot be read \(it has more than 1048576 bytes": ("a record of 40 MB",),
    r"detector\.json cannot be read": ("a record that nests", "a number of 10^5 digits"),
    r"`target_modules` is .*make it \"\['q_proj'\]\"": (
        "a regular expression that never ends", "an adapter of other layers",
    ),
    r"`exclude_modules` is": ("a regular expression that leaves out",),
    r"`rank_pattern` is": ("a rank by regular expression",),
    r"`lora_alpha` is '64', and the settings in detector\.json make it '4\.0'": (
        "an adapter of another scale",
    ),
    r"`peft_type` is 'IA3'": ("an adapter of another kind",),
    r"`megatron_config` is": ("an adapter that imports a module",),
    r"`layer_replication` is": ("an adapter that repeats layers",),
    r"adapter_model\.safetensors cannot be read \(No": ("no adapter", "an adapter that is a pickle"),
    r"lora_A\.weight' is not there": ("an adapter without a tensor",),
    "a score that is no number": (
        "an adapter of NaN", "an adapter that overflows", "an encoder of NaN", "a head of NaN",
        "a probe of NaN", "a whole tower of NaN",
    ),
    "`num_attention_heads` in its config.json must be": ("-1 heads", "no heads"),
    "is no multiple of 3": ("three heads for 32",),
    "`num_hidden_layers` in its config.json must be": (
        "a million layers", "a whole tower of a million layers",
    ),
    r"holds 24,\d\d\d numbers, and config\.json beside it claims": (
        "400 layers", "an encoder without a tensor",
    ),
    "`hidden_size` in its config.json must be": ("a width of 10^9", "a width in words"),
    "`image_size` in its config.json must be": ("pictures of 10^9 pixels",),
    "`patch_size` in its config.json must be": ("patches of no pixel",),
    "`num_labels` in its config.json must be": ("a billion labels",),
    "`(transformers_weights|quantization_config|per_layer_config)` in its config.json would load another": (
        "weights in another file", "a quantised encoder", "layers that differ",
    ),
    r"config\.json names another file in its place": ("another config for this version",),
    "KeyError: 'evil'": ("an activation that is none",),
    "is 'llama' by its config.json": ("a family that is none",),
    r"config\.json must hold an object": ("a config that is a list",),
    r"config\.json has more than": ("a config of 40 MB",),
    r"must name one of timm's own.*'hf-hub:stranger/model'": ("a timm architecture of the hub",),
    "by which transformers takes other weights": (
        "an encoder that is an adapter of the hub's", "an encoder with a distributed checkpoint",
        "a whole tower that is an adapter too",
    ),
    "would take 1,000 GB of memory": ("an encoder whose head claims a terabyte",),
    "holds none of": ("an encoder without weights",),
    "it is no file of safetensors": ("a head of 2^40 bytes",),
    "pixels, of 2048 at most": ("frames of 10^6 pixels", "frames resized to 10^9"),
    "doesn't match model": ("frames of another size",),
    "standardises by mean": ("a mean of one number", "a deviation of 0", "a mean in words"),
    "size mismatch": ("a head of another width", "a probe of a matrix"),
    "Missing key": ("a head that is none",),
    "KeyError: 'bias'": ("a probe without bias",),
    "baseline leaves no whole tower": ("a tower planted in a probe",),
    r"trained\.safetensors: tensor .* should be": (
        "effort without a factor", "effort without what was learnt", "effort of a rank of 10^9", "no border",
    ),
    "leave nothing of a frame of 32": ("a border of 10^9",),
    "is no regular file": tuple(name for name in HOSTILE if name.startswith(NO_FILES)),
    "not a regular file": ("a folder as head",),
    "is on the hub, at 0{40}, and not in the local cache; add --fetch": ("an encoder on the hub",),
    "is neither in .* nor on the hub": ("an encoder of this machine",),
}  # fmt: skip
"""What the line says -> of which packages."""

WORDS = {name: words for words, names in SAID.items() for name in names}


class Late(BaseException):
    """So that nobody takes it for a fault of the package."""


@contextmanager
def bounded():
    """Seconds and memory that a refusal may take."""

    def late(*_):
        raise Late

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.alarm(0)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """One package of each method, as the damages below are done to copies of them."""
    folder = tmp_path_factory.mktemp("sound")
    return {name: write_package(folder / name, name) for name in ("lora", "baseline", *OTHERS)}


@pytest.fixture
def copy(sound, tmp_path):
    def make(method):
        return Path(shutil.copytree(sound[method], tmp_path / "model"))

    return make


def test_every_hostile_package_has_its_words():
    assert sorted(WORDS) == sorted(HOSTILE)
    assert len(HOSTILE) > 80


@pytest.mark.parametrize("method", ["lora", "baseline", *OTHERS])
def test_what_is_damaged_below_opens_as_it_was(method, copy):
    scores = open_package(copy(method)).score_fitted(np.zeros((1, 32, 32, 3), np.uint8))
    assert 0 < scores[0] < 1


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is told by Linux")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_package_is_refused_in_one_line_at_once(name, copy):
    method, damage = HOSTILE[name]
    folder = copy(method)
    damage(folder)
    with bounded(), pytest.raises(InputError) as told:
        open_package(folder)
    text = str(told.value)
    assert re.search(WORDS[name], text), text
    assert "\n" not in text
    assert "MemoryError" not in text
