"""The run of a stage: steps, validation, snapshots, and when it ends."""
