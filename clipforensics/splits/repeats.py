"""Repeated splits by identity: the protocol `grouped` again and again, each time with a shuffle of its own.

One split says what these trained models do. How much another training set would have changed is seen only
where there is another: repeats train on other people each time, and no person is in two parts of any.
"""

import numpy as np


def repeat_seed(seed: int, repeat: int) -> int:
    """The seed of a repeat's shuffle: from `split.seed` and its number alone, so that more repeats move none.

    The first 32-bit word of numpy's `SeedSequence((seed, repeat))`, a hash that numpy keeps as it is from
    version to version and that gives unlike words to neighbouring numbers.

    Args:
        seed: `split.seed`.
        repeat: The repeat's number, from 1.
    """
    return int(np.random.SeedSequence((seed, repeat)).generate_state(1)[0])
