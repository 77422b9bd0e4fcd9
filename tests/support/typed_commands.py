"""A command as it is typed, run in this process."""

from clipforensics.command_line import main


def typed(capsys, *words):
    """Exit status, standard output and standard error of `clipforensics WORD...`."""
    status = 0
    try:
        main([*map(str, words)])
    except SystemExit as ended:
        status = ended.code
    said = capsys.readouterr()
    return status, said.out, said.err
