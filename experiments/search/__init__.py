"""Grid search over the CRF's parameters."""
