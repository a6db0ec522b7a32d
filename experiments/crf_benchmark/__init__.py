"""Time, energy, bound and memory of the CRF's solver beside those of other methods: what `make bench` measures."""
