"""Datasets to LMDB: one record per image and its labels, with the mean and the class table beside the records."""
