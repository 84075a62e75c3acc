"""Reading what other tools counted before, from the files that they export."""
