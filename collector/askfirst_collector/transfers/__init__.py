"""Delivering what a purpose gathers to its recipients: figures, or events, and no more."""
