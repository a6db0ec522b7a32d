"""Studies: rows of results times seeds, their runs in processes of their own, and what the seeds say together."""
