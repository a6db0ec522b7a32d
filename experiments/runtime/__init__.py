"""Parts that all commands share: options, errors, folders, the set-up of a process."""
