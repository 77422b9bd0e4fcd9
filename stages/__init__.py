"""The stages of dvc.yaml.

Importing torch and transformers makes a million objects that live to the end. To look for garbage among them,
again and again while they are made and once more at exit, took a third of a stage's time to start and end.

This package is loaded before any stage, and so before numpy and torch, whose kernels are then pinned.
"""

import atexit
import gc
import sys
from pathlib import Path

from clipforensics.core.faults import one_line_errors
from clipforensics.machine import kernels

gc.set_threshold(10_000, 20, 20)
atexit.register(gc.freeze)

# While Python looks for the module of `python -m stages.x`; a test only imports it. `check` computes nothing,
# and tells a wrong `portable` or `dataset` among its other problems.
if sys.argv[0] == "-m" and "stages.check" not in sys.orig_argv:
    with one_line_errors():
        kernels.pin(Path("params.yaml"), Path("conf/data"))
