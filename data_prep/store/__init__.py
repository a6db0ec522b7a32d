"""The LMDBs: their records, their description, and the code that writes and reads them."""
