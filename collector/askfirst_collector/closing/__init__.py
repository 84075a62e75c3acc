"""Closing: a period's questions are answered once, then its rows and salt are destroyed."""
