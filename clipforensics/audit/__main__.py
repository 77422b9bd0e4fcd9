"""`python -m clipforensics.audit` is `clipforensics audit`."""

from clipforensics.audit.command import main
from clipforensics.core.faults import one_line_errors

if __name__ == "__main__":
    with one_line_errors():
        main()
