"""The notice against those of others: bytes, time to be seen, script time, long tasks."""
