"""The notice and its script in Jinja templates: `init_jinja(environment)`."""

from __future__ import annotations

from .adapters.jinja import askfirst_script, init_jinja

__all__ = ["askfirst_script", "init_jinja"]
