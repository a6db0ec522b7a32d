"""Ways to minimise the CRF's energy: the project's and others'."""
