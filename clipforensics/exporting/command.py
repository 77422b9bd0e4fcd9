"""`clipforensics export croissant|mlflow`: a run in the forms that other tools read."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None, project: Path = Path()) -> None:
    """Write the tables of the project's run, or log its models.

    Args:
        arguments: The command line.
        project: The project's folder.

    Raises:
        InputError: a file of the run is missing, the folder is not empty, or MLflow cannot be reached.
        SystemExit: with 2, the command line is wrong.
    """
    given = _parser().parse_args(arguments)
    # pandas: not for who asks how this is used
    from clipforensics.exporting.croissant import METADATA, write_croissant
    from clipforensics.exporting.mlflow_runs import log_runs
    from clipforensics.exporting.run import read_run

    run = read_run(project)
    if given.form == "croissant":
        counts = write_croissant(run, given.out, license=given.license, url=given.url)
        said = ", ".join(f"{name}.csv {n} rows" for name, n in counts.items())
        print(f"{given.out / METADATA}: {said}")
        return
    experiment = given.experiment or f"clipforensics {run.dataset}"
    n_new, n_old = log_runs(run, tracking_uri=given.tracking_uri, experiment=experiment)
    print(f"{given.tracking_uri}: {n_new} runs logged in {experiment!r}, {n_old} were there already")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics export", description="The last run in the forms that other tools read."
    )
    forms = parser.add_subparsers(dest="form", required=True, metavar="croissant|mlflow")
    croissant = forms.add_parser("croissant", help="tables of videos, splits and scores, with their metadata")
    add = croissant.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    add("--license", metavar="URL", help="licence of the tables (the sample's: Apache-2.0)")
    add("--url", metavar="URL", help="where the tables will be found")
    mlflow = forms.add_parser("mlflow", help="a run of an experiment for every detector and cell")
    add = mlflow.add_argument
    add("--tracking-uri", required=True, metavar="URI", help="of the server, or a folder")
    add("--experiment", metavar="NAME", help="default: clipforensics and the data set's name")
    return parser
