"""theano_crf's C++ under AddressSanitizer and UndefinedBehaviorSanitizer: `python3 -m tests.sanitize`.

Theano's modules are compiled with both, in a compile folder of their own, and loaded into a Python that starts with the
sanitizers' libraries. First the tests of theano_crf run, which take each set of instructions in turn. Then come
thousands of calls over which memory, counted by the sanitizer to the byte, must not grow. Any finding ends the process
with a report.
"""

import os
import subprocess
import sys

FLAGS = "-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1"
TESTS = [f"tests/theano_crf/test_{name}.py"
         for name in ("bad_input", "weights_and_energy", "dual_mm", "late_iterations", "ssvm", "void", "decode",
                      "expansion", "properties", "general_dual_mm", "general_ssvm", "general_properties")]
CALLS = 10000


def library(name):
    """Return the path of a sanitizer's library, by the compiler that Theano uses."""
    return subprocess.check_output(["g++", f"-print-file-name={name}"], universal_newlines=True).strip()


def environment():
    """Return the environment variables of a sanitized run."""
    flags = [flag for flag in os.environ.get("THEANO_FLAGS", "").split(",") if not flag.startswith("base_compiledir=")]
    flags += ["base_compiledir=build/theano-sanitize", f"gcc.cxxflags={FLAGS}"]
    return {**os.environ, "THEANO_FLAGS": ",".join(filter(None, flags)),
            "LD_PRELOAD": " ".join([library("libasan.so"), library("libubsan.so")]),
            # Memory that Python keeps until its end counts as leaks; our own leaks are found by tests.sanitize.calls.
            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:malloc_context_size=5",
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "PYTHONMALLOC": "malloc", "OMP_WAIT_POLICY": "passive"}  # spinning threads would slow a busy machine down


def main():
    failed = []
    for title, words, threads in (
            ("the tests of theano_crf", ["-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS], "2"),
            (f"{CALLS} calls of each function", ["-m", "tests.sanitize.calls", str(CALLS)], "1")):
        print(f"sanitize: {title}", flush=True)
        status = subprocess.run([sys.executable, *words], env={**environment(), "OMP_NUM_THREADS": threads}).returncode
        if status != 0:
            failed.append(title)
    print(f"sanitize: {'failed: ' + '; '.join(failed) if failed else 'no finding'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
