"""The training of a stage: steps, validation, snapshots and its end."""
