"""Around every command: options, errors, progress, files, process settings."""
