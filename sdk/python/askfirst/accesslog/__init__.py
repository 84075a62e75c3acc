"""Keeps visitors out of access logs: `askfirst.accesslog.install()`, one call."""

from __future__ import annotations

from .install import VisitorFilter, install

__all__ = ["VisitorFilter", "install"]
