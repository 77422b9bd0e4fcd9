"""Ways to train that shall change no number, or few digits: less memory, other precision, more processes."""

import dataclasses
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from clipforensics.adaptation import pixel_training
from clipforensics.adaptation.pixel_training import (
    make_schedule,
    make_trainer,
    prepare_model,
    score_rows,
    train_on_pixels,
)
from clipforensics.core.faults import InputError
from clipforensics.training.processes import Processes
from clipforensics.training.schedule import Schedule
from tests.support.pixel_methods import (
    fast_settings,
    pixels_of,
    preprocessing_of,
    task_of,
    trained_model,
    untrained,
)
from tests.support.train_apart import launching
from tests.support.training_tasks import N_BLOCKS, killed_after_one_epoch

DROPS = {"dropout": 0.1}


@pytest.fixture(scope="module")
def plainly(bench, tmp_path_factory):
    """LoRA with dropout in float32: scores of all frames, and the curve."""
    return lora(bench, tmp_path_factory.mktemp("plainly"))


def lora(bench, scratch, name="lora", settings=None, **pixels):
    settings = settings or fast_settings(name, **(DROPS if name == "lora" else {}))
    model, progress = trained_model(name, bench, scratch, settings=settings, **pixels)
    return scores_of(bench, model), curve_of(progress)


def scores_of(bench, model):
    return score_rows(model, lambda rows: pixels_of(bench)[rows], bench.everything)


def curve_of(progress):
    return np.array([list(row.values()) for row in progress.curve])


def lora_killed_and_resumed(bench, scratch, **pixels):
    with killed_after_one_epoch():
        lora(bench, scratch, **pixels)
    return lora(bench, scratch, **pixels)


def assert_equal(first, second):
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one, other)


def assert_near(first, second, *, scores, losses):
    assert np.abs(first[0] - second[0]).max() < scores
    assert np.abs(first[1] - second[1])[:, 1:3].max() < losses
    assert first[0].std() > 20 * scores, "scores differ by more than what is allowed"


def test_gradient_checkpointing_computes_blocks_again_and_changes_nothing(bench, plainly, tmp_path):
    assert_equal(lora(bench, tmp_path / "a", gradient_checkpointing=True), plainly)
    resumed = lora_killed_and_resumed(bench, tmp_path / "b", gradient_checkpointing=True)
    assert_equal(resumed, plainly)


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("name", ["lora", "full", "last_blocks"])
def test_gradient_checkpointing_runs_a_block_once_more(bench, tmp_path, name, checkpointing):
    model, runs = untrained(name, bench).train(), Counter()
    prepare_model(model, task_of(bench, tmp_path, gradient_checkpointing=checkpointing))
    for number, block in enumerate(model.base.vision_model.encoder.layers):
        block.layer_norm1.register_forward_hook(lambda *_, number=number: runs.update([number]))
    pixels = pixels_of(bench)[:4]
    model.objective(pixels, torch.tensor([0.0, 1, 0, 1]), torch.ones(4)).backward()
    assert runs[N_BLOCKS - 1] == (2 if checkpointing else 1)


@pytest.mark.parametrize("name", ["lora", "last_blocks"])
def test_checkpointing_goes_with_cached_activations(bench, tmp_path, name):
    settings = fast_settings(name, **({**DROPS, "last_blocks": 2} if name == "lora" else {}))
    cached = lora(bench, tmp_path / "a", name, settings)
    assert (tmp_path / "a" / "activations-1.npy").exists()
    assert_equal(lora(bench, tmp_path / "b", name, settings, gradient_checkpointing=True), cached)


def test_lora_in_the_last_blocks_trains_alike_on_cached_activations(bench, tmp_path):
    """Dropout drops the same, so that the numbers differ by the rounding of matrix products only."""
    settings = fast_settings("lora", **DROPS, last_blocks=2)
    cached, whole = (
        lora(bench, tmp_path / str(kept), settings=settings, cache_activations=kept) for kept in (True, False)
    )
    assert_near(cached, whole, scores=1e-5, losses=1e-5)


def test_float16_trains_with_a_loss_scale_and_is_resumed_with_it(bench, plainly, tmp_path):
    half = lora(bench, tmp_path / "a", precision="float16")
    assert_near(half, plainly, scores=5e-4, losses=5e-4)
    assert_equal(lora_killed_and_resumed(bench, tmp_path / "b", precision="float16"), half)


@pytest.fixture(scope="module")
def launcher():
    """Starts training in processes of its own."""
    with launching() as launcher:
        yield launcher


def run_apart(launcher, folder: Path, *, processes: int = 1, **options) -> tuple[np.ndarray, np.ndarray]:
    """Train in processes of its own; scores of all frames and the curve."""
    codes = launch(launcher, folder, processes=processes, **options)
    printed = [path.read_text()[-4000:] for path in sorted(folder.glob("printed-*.txt"))]
    assert codes == [0] * processes, "\n".join(printed)
    found = np.load(folder / "found.npz")
    assert found["processes"] == processes
    return found["scores"], found["curve"]


def killed(launcher, folder: Path, *, processes: int, dies: tuple[int, int, str], **options) -> None:
    """Start training and have one of its processes killed by the system; others end with an error."""
    codes = launch(launcher, folder, processes=processes, dies=list(dies), **options)
    assert codes == [-signal.SIGKILL if rank == dies[0] else 1 for rank in range(processes)]
    assert not (folder / "found.npz").exists()


def launch(launcher, folder: Path, *, processes: int, **options) -> list[int]:
    folder.mkdir(exist_ok=True)
    return launcher.run(folder, {"name": "lora", "settings": DROPS, **options}, processes=processes)


@pytest.fixture(scope="module")
def apart(launcher, tmp_path_factory):
    """LoRA with dropout in float32, in one process of its own."""
    return run_apart(launcher, tmp_path_factory.mktemp("apart") / "alone")


@pytest.mark.slow
def test_bfloat16_trains_and_is_resumed(apart, launcher, tmp_path):
    options = {"pixels": {"precision": "bfloat16"}}
    brain = run_apart(launcher, tmp_path / "brain", **options)
    assert_near(brain, apart, scores=5e-4, losses=5e-4)
    killed(launcher, tmp_path / "killed", processes=1, dies=(0, 2, "rank"), **options)
    assert_equal(run_apart(launcher, tmp_path / "killed", **options), brain)


@pytest.mark.slow
def test_two_processes_train_what_one_trains_and_go_on_from_each_other(apart, launcher, tmp_path):
    """To the bit: their gradients are summed in float64, their dropout belongs to the micro-batch."""
    assert_equal(run_apart(launcher, tmp_path / "two", processes=2), apart)
    killed(launcher, tmp_path / "fewer", processes=2, dies=(1, 2, "rank"))
    assert_equal(run_apart(launcher, tmp_path / "fewer", processes=1), apart)
    killed(launcher, tmp_path / "more", processes=1, dies=(0, 3, "rank"))
    assert_equal(run_apart(launcher, tmp_path / "more", processes=2), apart)


@pytest.mark.slow
def test_two_processes_fill_one_cache_and_go_on_from_each_other(launcher, tmp_path):
    options = {"name": "last_blocks", "settings": {}}
    alone = run_apart(launcher, tmp_path / "alone", **options)
    assert_equal(run_apart(launcher, tmp_path / "two", processes=2, **options), alone)
    killed(launcher, tmp_path / "fewer", processes=2, dies=(1, 4, "below"), **options)
    assert not (tmp_path / "fewer" / "scratch" / "activations-1.npy").exists()
    noted = np.load(tmp_path / "fewer" / "scratch" / "activations-1.seconds.npy")
    assert 0 < (noted > 0).sum() < len(noted)
    assert_equal(run_apart(launcher, tmp_path / "fewer", **options), alone)
    killed(launcher, tmp_path / "more", processes=1, dies=(0, 6, "below"), **options)
    assert_equal(run_apart(launcher, tmp_path / "more", processes=2, **options), alone)
    paths = [tmp_path / name / "scratch" / "activations-1.npy" for name in ("alone", "two", "fewer", "more")]
    files = [np.load(path) for path in paths]
    assert all(np.array_equal(file, files[0]) for file in files)


def compiles(test):
    """Marks of a test that makes kernels; torch itself hides the second of these warnings."""
    test = pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning")(test)
    test = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")(test)
    return pytest.mark.slow(test)


@pytest.fixture(scope="module")
def compiled(bench, tmp_path_factory):
    """As `plainly`, with compiled blocks; what was compiled before is forgotten."""
    from torch._dynamo.utils import counters
    from torch._inductor import config

    torch._dynamo.reset()
    counters.clear()
    with config.patch({"cpp.vec_isa_ok": True}):  # or it would first compile a trial of each instruction set
        yield lora(bench, tmp_path_factory.mktemp("compiled"), compile=True)


@compiles
def test_compiled_blocks_give_the_same_numbers_and_are_resumed(bench, plainly, compiled, tmp_path):
    assert_near(compiled, plainly, scores=1e-5, losses=1e-5)
    assert_equal(lora_killed_and_resumed(bench, tmp_path, compile=True), compiled)


@compiles
def test_batches_of_other_sizes_are_not_compiled_again(bench, compiled, tmp_path):
    """One kernel for the block that pixels enter, one for those above it, one without gradients."""
    from torch._dynamo.utils import counters

    settings = fast_settings("lora", **DROPS)
    sizes = {"batch_size": 7, "micro_batch_size": 5}  # micro-batches of 5 and 2, and a last batch of 5
    found = lora(bench, tmp_path / "a", settings=settings, compile=True, **sizes)
    assert counters["stats"]["unique_graphs"] == 3
    assert_near(found, lora(bench, tmp_path / "b", settings=settings, **sizes), scores=1e-5, losses=1e-5)


def test_without_a_compiler_the_setting_is_named(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(InputError, match=r"train.pixels.compile needs a C\+\+ compiler"):
        prepare_model(untrained("lora", bench), task_of(bench, tmp_path, compile=True))


def test_the_compiler_is_told_to_compute_the_same_every_time(bench, tmp_path, monkeypatch):
    from torch._inductor import config

    monkeypatch.setattr(pixel_training, "compile_blocks", lambda model: None)
    model = untrained("lora", bench)
    with config.patch(deterministic=False):  # pytest's own patch would leave torch's setting behind deleted
        prepare_model(model, task_of(bench, tmp_path, compile=False))
        assert not config.deterministic
        prepare_model(model, task_of(bench, tmp_path, compile=True))
        assert config.deterministic


def test_more_processes_than_micro_batches_are_refused(bench, tmp_path):
    task = task_of(bench, tmp_path, batch_size=8, micro_batch_size=4)
    settings = fast_settings("lora")
    assert make_schedule(task, settings, Processes(0, 2)).batch_size == 8
    with pytest.raises(InputError, match=r"3 processes cannot share a step: .* 2 micro-batches"):
        make_schedule(task, settings, Processes(0, 3))


def test_the_schedule_is_the_budgets_with_the_methods_rates_and_the_tasks_seed(bench, tmp_path):
    budget = {"epochs": 7, "patience": 2, "batch_size": 10, "micro_batch_size": 5}
    budget |= {"weight_decay": 0.03, "warmup_fraction": 0.3}
    task = dataclasses.replace(task_of(bench, tmp_path, **budget), seed=9)
    settings = fast_settings("lora", learning_rate=0.01, head_learning_rate=0.02)
    expected = Schedule(**budget, learning_rate=0.01, head_learning_rate=0.02, seed=9)
    assert make_schedule(task, settings, Processes()) == expected


@pytest.mark.parametrize("name", ["lora", "full"])
def test_the_head_learns_at_its_own_rate_and_nothing_else_does(bench, tmp_path, name):
    settings = fast_settings(name, learning_rate=0.01, head_learning_rate=0.02)
    model = untrained(name, bench)
    trainer, _ = make_trainer(model, task_of(bench, tmp_path), settings, preprocessing_of(bench), label="x")
    groups = trainer.optimizer.param_groups
    fast = {id(p) for group in groups if group["peak"] == 0.02 for p in group["params"]}
    assert fast == {id(p) for p in model.head.parameters()}
    assert {group["peak"] for group in groups} == {0.01, 0.02}


@pytest.mark.parametrize("sizes", [(8, 3), (7, 4)])
def test_pairs_are_not_split(bench, tmp_path, sizes):
    task = task_of(bench, tmp_path, batch_size=sizes[0], micro_batch_size=sizes[1])
    paired = dataclasses.replace(task, budget=task.budget.model_copy(update={"sampling": "paired"}))
    with pytest.raises(InputError, match="would split pairs; make both even"):
        make_schedule(paired, fast_settings("lora"), Processes())


class Cached(Exception):
    pass


def test_processes_of_several_machines_share_no_cache(bench, tmp_path, monkeypatch):
    """Two nodes that map one file write back whole pages, each over the other's batches."""

    def refuse(*args, **options):
        raise Cached

    monkeypatch.setattr(pixel_training, "cache_activations", refuse)
    settings = fast_settings("last_blocks", k=1)

    def train(processes):
        task = dataclasses.replace(task_of(bench, tmp_path), processes=processes)
        model = untrained("last_blocks", bench, k=1)
        return train_on_pixels(model, task, settings, preprocessing_of(bench), label="x")

    with pytest.raises(Cached):
        train(Processes())
    assert train(Processes(one_machine=False)).epoch > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_validation_is_scored_in_the_dtype_asked_for(bench, dtype):
    model, seen = untrained("lora", bench), set()
    model.head.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    score_rows(model, lambda rows: pixels_of(bench)[rows], bench.everything, dtype=dtype)
    assert seen == {dtype}


def test_scores_do_not_depend_on_the_processes_that_share_the_batches(bench, monkeypatch):
    monkeypatch.setattr(pixel_training, "SCORE_BATCH", 4)
    model, pixels = untrained("lora", bench), pixels_of(bench)
    torch.nn.init.normal_(model.head.weight, 0, 0.1, generator=torch.Generator().manual_seed(1))

    class Share(Processes):
        def sum(self, tensor):
            return tensor

    rows = np.random.default_rng(0).permutation(30)
    alone = score_rows(model, lambda part: pixels[part], rows)
    shares = [score_rows(model, lambda part: pixels[part], rows, processes=Share(r, 3)) for r in range(3)]
    assert np.array_equal(sum(shares), alone)
    assert all((share == 0).any() for share in shares)
    assert alone.std() > 0.01
