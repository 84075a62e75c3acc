"""`/v1/*`: the collector's own face."""
