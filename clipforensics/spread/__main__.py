"""`python -m clipforensics.spread` is `clipforensics spread`."""

from clipforensics.core.faults import one_line_errors
from clipforensics.spread.command import main

if __name__ == "__main__":
    with one_line_errors():
        main()
