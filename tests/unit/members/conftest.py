"""The collector and the member of the catalogue's tests."""

from __future__ import annotations

from tests.unit.catalogue.conftest import ada, clock, parts

__all__ = ["ada", "clock", "parts"]
