"""The LMDBs: their records, their description, how they are written and read."""
