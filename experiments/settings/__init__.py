"""The configuration of an experiment, and where its files lie."""
