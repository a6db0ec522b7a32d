"""Names of machines with their numbers of processes, as the variable HOSTS has them."""

import re


def parse_hosts(text):
    """Read "a:2,b" into {"a": 2, "b": 1}.

    Raises
    ------
    ValueError
        If the text has another form.
    """
    hosts = {}
    for part in text.split(","):
        named = re.fullmatch(r"([A-Za-z0-9_.-]+)(?::([1-9]\d*))?", part.strip())
        if not named or named.group(1) in hosts:
            raise ValueError(f"HOSTS is '{text}'; it must name each machine once, with its number of processes, "
                             "as in HOSTS=a:2,b:2.")
        hosts[named.group(1)] = int(named.group(2) or 1)
    return hosts
