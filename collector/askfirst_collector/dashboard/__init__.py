"""The host's dashboard: pages from the server, no script, only what was disclosed at closing."""
