"""Run one target under libFuzzer: `python3 -m tests.fuzz.one_target TARGET [-runs=N...] [FILE]`."""

import os
import sys
import tempfile

import atheris

from tests.fuzz.targets import load

INSTRUMENTED = ["data_prep", "experiments.settings.config", "python_layers.parameters", "PIL.PngImagePlugin",
                "theano_crf.checks", "theano_crf.functions"]


def main():
    name, options = sys.argv[1], sys.argv[2:]
    with atheris.instrument_imports(include=INSTRUMENTED):
        check, seeds = load(name)
    if any(os.path.isfile(option) for option in options):
        atheris.Setup([sys.argv[0], *options], check)
        atheris.Fuzz()
    with tempfile.TemporaryDirectory(prefix="fuzz") as corpus:
        for number, content in enumerate(seeds()):
            with open(os.path.join(corpus, str(number)), "wb") as stream:
                stream.write(content)
        atheris.Setup([sys.argv[0], *options, corpus], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
