import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a busy machine is no failure
settings.load_profile("patient")


def pytest_collection_modifyitems(items):
    """Tests of the finished run go first, so that one worker has them all and none waits until it is made."""
    items.sort(key=lambda item: "finished" not in item.fixturenames)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Frames, embeddings and a tiny encoder to train on; the tests of a file share them."""
    from tests.support.training_tasks import (
        Bench,  # torch takes seconds to import: not for files that do without
    )

    return Bench.make(tmp_path_factory.mktemp("bench"))
