"""The host's policy: shown, changed, previewed."""
