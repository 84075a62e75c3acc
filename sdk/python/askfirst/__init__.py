"""askfirst: ask first, then count."""

__version__ = "0.1.0"
