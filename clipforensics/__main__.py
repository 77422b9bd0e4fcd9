"""`python -m clipforensics COMMAND` is `clipforensics COMMAND`."""

from clipforensics.command_line import main

if __name__ == "__main__":
    main()
