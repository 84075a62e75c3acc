"""The settings: one dict, `ASKFIRST`, whose keys are closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

NAME = "ASKFIRST"
# What each key is called where the gate is built; `adapters.build.Options` says what it means.
KEYS = {
    "POLICY": "policy",
    "COLLECTOR": "collector",
    "KEYS": "keys",
    "UNDECLARED": "undeclared",
    "COOKIE_DATABASE": "cookie_database",
    "CSP": "csp",
    "PERMISSIONS": "permissions",
    "UNDER_AGE": "under_age",
    "PATIENCE": "patience",
}
NEEDED = ("POLICY", "COLLECTOR")


def written() -> Mapping[str, Any]:
    """The dict as it stands in the settings; empty where it is not there, or is none."""
    configuration = getattr(settings, NAME, {})
    return configuration if isinstance(configuration, Mapping) else {}


def read() -> dict[str, Any]:
    """Keyword arguments for the gate. What is wrong is the checks' to say; here it raises."""
    options = {KEYS[key]: value for key, value in written().items() if key in KEYS}
    if "collector" in options:
        options["collector"] = collector(options["collector"])
    return options


def collector(value: Any) -> Any:
    """The collector: itself, or the dotted path of it or of what makes it."""
    if isinstance(value, str):
        value = import_string(value)
    return value if hasattr(value, "record") and not isinstance(value, type) else value()
