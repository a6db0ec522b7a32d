"""docs/dependencies.md lists just what the environment's files pin."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def test_the_list_is_that_of_the_pinned_packages():
    lines = [line.split("#")[0].split() for line in (REPOSITORY / "docker" / "cpu.packages").read_text().splitlines()]
    pinned = [tuple(words[:2]) for words in lines if words]
    requirements = (REPOSITORY / "docker" / "cpu.requirements").read_text()
    pinned += re.findall(r"^([\w-]+)==(\S+) --hash=sha256:[0-9a-f]{64}$", requirements, re.M)
    table = re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", (REPOSITORY / "docs" / "dependencies.md").read_text(), re.M)
    rows = [row for row in table if row[0] not in ("name", "---")]
    assert [row[:2] for row in rows] == pinned and all(licence.strip() for _, _, licence in rows)


def test_every_version_is_pinned():
    for name in ("cpu.packages", "cpu.build-packages", "cuda.packages"):
        for line in (REPOSITORY / "docker" / name).read_text().splitlines():
            words = line.split("#")[0].split()
            assert len(words) in (0, 2), f"a package without a version: {line}"
    for line in (REPOSITORY / "docker" / "cpu.requirements").read_text().splitlines():
        assert not line.split("#")[0].strip() or re.match(r"[\w-]+==\S+ --hash=sha256:[0-9a-f]{64}$", line), line
