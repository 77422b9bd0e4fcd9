"""The stages of dvc.yaml.

Importing torch and transformers makes a million objects that live to the end. To look for garbage among them,
again and again while they are made and once more at exit, took a third of a stage's time to start and end.
"""

import atexit
import gc

gc.set_threshold(10_000, 20, 20)
atexit.register(gc.freeze)
