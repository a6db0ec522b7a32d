"""The look-up of advisories, at a service of the test's own."""

import http.server
import json
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


def test_what_is_known_is_listed(service, capsys):
    address, asked = service
    assert main(["--service", address], PACKAGES) == 1
    assert capsys.readouterr().out.splitlines() == ["openssl 1.1.1 (Debian:11): DSA-1, CVE-2",
                                                    "3 packages looked up, 1 with known vulnerabilities"]
    assert asked[2] == {"package": {"ecosystem": "PyPI", "name": "tbb"}, "version": "2023.2.0"}
    assert main(["--service", address], PACKAGES[:1]) == 0


def test_a_service_that_cannot_be_reached_is_no_clean_bill(capsys):
    assert main(["--service", "http://127.0.0.1:9"], PACKAGES) == 2
    output = capsys.readouterr()
    assert output.out == "" and "can't be reached" in output.err and "NOTHING was looked up of 3 packages" in output.err
    assert output.err.count("\n") == 1
