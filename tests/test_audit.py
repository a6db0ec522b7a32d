"""The look-up of advisories and newer versions, at a service and with an apt-get of the test's own."""

import http.server
import json
import os
import threading

import pytest

from tests.audit import main

PACKAGES = [("Debian:11", "lmdb", "0.9.24-1"), ("Debian:11", "openssl", "1.1.1"), ("PyPI", "tbb", "2023.2.0")]


@pytest.fixture
def service():
    """A service that knows one advisory; gives its address and the questions it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            asked.extend(queries)
            results = [{"vulns": [{"id": "DSA-1"}, {"id": "CVE-2"}]} if query["package"]["name"] == "openssl" else {}
                       for query in queries]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"results": results}).encode())

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Return a function that has apt-get print a text for an upgrade, and another to standard error for an update."""
    def make(upgrade="", update=""):
        program = tmp_path / "apt-get"
        program.write_text(f"#!/bin/sh\ncase $* in *update) echo '{update}' >&2;; *dist-upgrade) echo '{upgrade}';; "
                           "esac\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    make()
    return make


def test_what_is_known_is_listed(service, archive, capsys):
    address, asked = service
    assert main(["--service", address], PACKAGES) == 1
    assert capsys.readouterr().out.splitlines() == ["Debian has a newer version of 0 packages",
                                                    "openssl 1.1.1 (Debian:11): DSA-1, CVE-2",
                                                    "3 packages looked up, 1 with known vulnerabilities"]
    assert asked[2] == {"package": {"ecosystem": "PyPI", "name": "tbb"}, "version": "2023.2.0"}
    assert main(["--service", address], PACKAGES[:1]) == 0


def test_newer_versions_are_listed(service, archive, capsys):
    archive("Inst libssl1.1 [1.1.1-1] (1.1.1-2 Debian-Security:11/oldstable-security [amd64])\n"
            "Conf libssl1.1 (1.1.1-2 Debian-Security:11/oldstable-security [amd64])")
    assert main(["--service", service[0]], PACKAGES[:1]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "libssl1.1 1.1.1-1: Debian has 1.1.1-2", "Debian has a newer version of 1 packages",
        "1 packages looked up, 0 with known vulnerabilities"]


def test_a_service_that_cannot_be_reached_is_no_clean_bill(archive, capsys):
    assert main(["--service", "http://127.0.0.1:9"], PACKAGES) == 2
    output = capsys.readouterr()
    assert output.out == "Debian has a newer version of 0 packages\n" and output.err.count("\n") == 1
    assert "can't be reached" in output.err and "NO advisory was looked up of 3 packages" in output.err


def test_an_archive_that_cannot_be_reached_is_no_clean_bill(service, archive, capsys):
    archive(update="W: Failed to fetch it  Could not resolve it")
    assert main(["--service", service[0]], PACKAGES[:1]) == 2
    output = capsys.readouterr()
    assert "can't be reached (Failed to fetch it  Could not resolve it)" in output.err and output.err.count("\n") == 1
