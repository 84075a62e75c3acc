"""What `/openapi.json` says: the collector's own face, described area by area beside the code."""
