"""Datasets to LMDB: one record an image with its label, with the mean and the class table beside them."""
