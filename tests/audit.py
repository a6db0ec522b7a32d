"""Known vulnerabilities of everything in the environment: `python3 -m tests.audit [--service ADDRESS]`.

Asks Debian's archive which of the image's packages it has a newer version of, as it has once a vulnerability is
mended, and OSV, the open database of advisories, for all Debian packages of the image (by source package, dependencies
included) and all that came from the Python package index. Exit status 0: none is known; 1: those that are listed;
2: one of the two can't be reached, so that not all is known.
"""

import argparse
import importlib.metadata
import json
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

SERVICE = "https://api.osv.dev/v1/querybatch"
DEBIAN, PYTHON = "Debian:11", "PyPI"
BATCH = 500  # packages a request; the service takes 1,000
TIMEOUT = 60  # seconds
REQUIREMENTS = Path(__file__).parent.parent / "docker" / "cpu.requirements"


def installed():
    """Return (ecosystem, package, version) of every package in the environment."""
    text = subprocess.check_output(["dpkg-query", "-W", "-f=${source:Package} ${source:Version}\n"],
                                   universal_newlines=True)
    debian = {(DEBIAN, *line.split()) for line in text.splitlines()}
    names = [line.split("==")[0] for line in REQUIREMENTS.read_text().splitlines() if "==" in line]
    return sorted(debian) + [(PYTHON, name, importlib.metadata.version(name)) for name in sorted(names)]


def advisories(packages, service):
    """Return the packages that have advisories: (ecosystem, package, version, names of the advisories)."""
    vulnerable = []
    for start in range(0, len(packages), BATCH):
        batch = packages[start:start + BATCH]
        queries = [{"package": {"ecosystem": ecosystem, "name": name}, "version": version}
                   for ecosystem, name, version in batch]
        request = urllib.request.Request(service, json.dumps({"queries": queries}).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            results = json.load(response)["results"]
        if len(results) != len(batch):
            raise ValueError(f"{len(results)} answers to {len(batch)} questions")
        vulnerable += [(*package, [entry["id"] for entry in result["vulns"]])
                       for package, result in zip(batch, results) if result.get("vulns")]
    return vulnerable


def newer_versions():
    """Return (package, installed version, Debian's newest) where they differ, by lists of packages fetched anew."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("lists/partial", "archives/partial"):
            Path(folder, name).mkdir(parents=True)
        words = ["apt-get", "-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}", "-o",
                 "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"]
        fetched = subprocess.run([*words, "update"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 universal_newlines=True)
        complaints = re.findall(r"^[EW]: (.*)", fetched.stderr, re.MULTILINE)  # what cannot be fetched is a warning
        if fetched.returncode or complaints:
            raise OSError((complaints or ["apt-get update fails"])[0])
        text = subprocess.check_output([*words, "--simulate", "dist-upgrade"], universal_newlines=True)
    return re.findall(r"^Inst (\S+) \[(.*?)\] \((\S+)", text, re.MULTILINE)


def main(arguments=None, packages=None):
    parser = argparse.ArgumentParser(prog="python3 -m tests.audit", description=__doc__.partition("\n")[0])
    parser.add_argument("--service", default=SERVICE, help=f"(default: {SERVICE})")
    options = parser.parse_args(arguments)
    packages = packages or installed()
    return max(_report_newer_versions(), _report_advisories(packages, options.service))


def _report_newer_versions():
    try:
        newer = newer_versions()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"error: Debian's archive can't be reached ({error}): newer versions were NOT looked up; start again "
              "where there is a network.", file=sys.stderr)
        return 2
    for name, version, newest in newer:
        print(f"{name} {version}: Debian has {newest}")
    print(f"Debian has a newer version of {len(newer)} packages")
    return 1 if newer else 0


def _report_advisories(packages, service):
    try:
        vulnerable = advisories(packages, service)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(getattr(error, "reason", None) or error).split())
        print(f"error: the advisory service {service} can't be reached or understood ({reason}): NO advisory was "
              f"looked up of {len(packages)} packages; start again where there is a network.", file=sys.stderr)
        return 2
    for ecosystem, name, version, names in vulnerable:
        print(f"{name} {version} ({ecosystem}): {', '.join(names)}")
    print(f"{len(packages)} packages looked up, {len(vulnerable)} with known vulnerabilities")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
