"""Jobs: what runs by itself, in the one process that holds the lease."""
