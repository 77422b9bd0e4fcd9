"""The stages of dvc.yaml.

Importing torch and transformers makes a million objects that live to the end. To look for garbage among them,
again and again while they are made and once more at exit, took a third of a stage's time to start and end.

This package is loaded before any stage, and so before numpy and torch, whose kernels are then pinned. From
then on a stage ends with the dvc process that started it, and its settings stand still.
"""

import atexit
import gc
import sys
from pathlib import Path

from clipforensics.core import params, parent
from clipforensics.core.faults import one_line_errors
from clipforensics.machine import kernels

gc.set_threshold(10_000, 20, 20)
atexit.register(gc.freeze)

if sys.argv[0] == "-m":  # while Python looks for the module of `python -m stages.x`; a test only imports it
    with one_line_errors():
        parent.end_with_dvc()
        params.stand_still()
        if "stages.check" not in sys.orig_argv:  # it computes nothing, and tells what is wrong together
            kernels.pin(Path("params.yaml"), Path("conf/data"))
