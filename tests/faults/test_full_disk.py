"""A disk that is full while a report is written, imitated by a limit on the size of files."""

import resource
import subprocess
import sys

PROGRAM = """
import sys
from pathlib import Path
from experiments.runtime.command_line import run_command
from experiments.report import _write_folder
run_command(lambda: _write_folder(Path(sys.argv[1]), {"picture.png": bytes(1 << 20), "index.html": bytes(10)}))
"""


def test_a_full_disk_leaves_the_report_before_it(tmp_path, fault):
    report = tmp_path / "report"
    report.mkdir()
    (report / "index.html").write_text("the one before")
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(report)], stderr=subprocess.PIPE, universal_newlines=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16)))
    assert done.returncode == 1 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
    assert (report / "index.html").read_text() == "the one before"
    assert [path.name for path in tmp_path.iterdir()] == ["report"], "nothing half-written is left"
    fault(f"full disk while a report is written: {done.stderr[7:-1]}; the report before it stays")
