"""Fuzz the named targets, or all: `python3 -m tests.fuzz [--seed N] [--share X] [TARGET...]`.

Prints a line per target with libFuzzer's count of its inputs. A target that fails prints its traceback and leaves the
input in build/fuzz/; `python3 -m tests.fuzz.one_target TARGET FILE` runs that input again.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from data_prep.number_types import positive_real, whole_number
from tests.fuzz.targets import TARGETS

FOLDER = os.path.join("build", "fuzz")
# Seconds per input; the machine may be busy. An input that needs a function for the first time compiles it, after it
# has waited, asleep, while another target compiles: Theano lets one process at a time compile.
TIMEOUT = 600


def fuzz(name, runs, seed):
    """Run a target in its own process; return (number of inputs, seconds, whether all passed, its output)."""
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.one_target", name, f"-runs={runs}", f"-seed={seed}",
         f"-timeout={TIMEOUT}", f"-report_slow_units={TIMEOUT}", f"-artifact_prefix={FOLDER}/{name}-",
         "-rss_limit_mb=4096", "-print_final_stats=1", "-verbosity=0"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, errors="replace",
        env={**os.environ, "OMP_NUM_THREADS": "1"})
    counts = re.findall(r"number_of_executed_units: (\d+)", done.stdout)
    inputs = int(counts[-1]) if counts else 0
    return inputs, time.monotonic() - begin, done.returncode == 0 and inputs >= runs, done.stdout


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python3 -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=whole_number(0), default=1, help="of libFuzzer (default: 1)")
    parser.add_argument("--share", type=positive_real, default=1.0,
                        help="part of the usual number of inputs (default: 1)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)} (default: all)")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown:
        print(f"error: there is no target {unknown[0]}; targets are {', '.join(TARGETS)}.", file=sys.stderr)
        return 1
    os.makedirs(FOLDER, exist_ok=True)
    names = options.targets or list(TARGETS)
    total, failed = 0, []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        outcomes = [pool.submit(fuzz, name, max(1, int(TARGETS[name].inputs * options.share)), options.seed)
                    for name in names]
        for name, outcome in zip(names, outcomes):
            inputs, seconds, well, text = outcome.result()
            print(f"fuzz {name}: {inputs} inputs, {seconds:.0f} s, {'no failure' if well else 'FAILED'}", flush=True)
            total += inputs
            if not well:
                failed.append(name)
                print(text[-6000:], flush=True)
    print(f"fuzz: {total} inputs in all, {'failed: ' + ', '.join(failed) if failed else 'no failure'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
