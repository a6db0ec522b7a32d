"""Command lines: options that all experiments share, and errors as one sentence."""

import argparse
from pathlib import Path

from experiments.mpi.processes import communicator
from experiments.runtime.several_processes import start_processes

OUT_OF_MEMORY = "Memory ran out; end other programs, or take smaller images or fewer processes."


def experiment_parser(description):
    """Return a parser with --config and --build, which defaults to build/<dataset of the configuration>."""
    summary, _, rest = description.partition("\n")
    parser = argparse.ArgumentParser(description=summary, epilog=rest,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, type=Path, help="the experiment, a YAML file")
    parser.add_argument("--build", type=Path, help="folder of what is made (default: build/<dataset>)")
    return parser


def add_splits(parser, what):
    """Add --split to a parser, which takes several splits; by default those that the configuration validates on."""
    parser.add_argument("--split", nargs="+", metavar="SPLIT",
                        help=f"{what} (default: those that the configuration validates on, but for train)")


def build_folder(options, config):
    """Return the folder of an experiment's data, nets and results: --build, or build/<dataset of the configuration>."""
    return options.build or Path("build") / config.dataset


def run_command(main, find_work=None):
    """Call `main()` and end the process with its status; errors become one sentence and status 1.

    Where one of several processes ends with another status than 0, all end.

    Parameters
    ----------
    main : callable
    find_work : callable, optional
        Of a command that several processes share: see `start_processes`, which is called first.
    """
    processes = communicator()
    try:
        if find_work is not None:
            start_processes(find_work)
        status = main()
    except (ValueError, OSError, RuntimeError) as error:
        processes.complain(f"error: {error}")
        status = 1
    except MemoryError as error:  # Python's own has no message
        processes.complain(f"error: {str(error) or OUT_OF_MEMORY}")
        status = 1
    except KeyboardInterrupt:
        processes.complain("interrupted")
        status = 130
    processes.end(status)
