"""Permissions-Policy: browser features that no purpose of any policy may use (S16)."""

from __future__ import annotations

import re

from askfirst.http.headers import Header, values

NAME = b"permissions-policy"
# Advertising and measurement between sites, and hints about the machine: no attribute covers them.
FEATURES = (
    b"attribution-reporting",
    b"browsing-topics",
    b"ch-ua-arch",
    b"ch-ua-bitness",
    b"ch-ua-full-version-list",
    b"ch-ua-model",
    b"ch-ua-platform-version",
    b"compute-pressure",
    b"join-ad-interest-group",
    b"private-aggregation",
    b"run-ad-auction",
    b"shared-storage",
    b"shared-storage-select-url",
)
_FEATURE = re.compile(rb"(?:^|,)[ \t]*([a-z0-9*-]+)[ \t]*(?==)")


def deny_unused(headers: list[Header]) -> list[Header]:
    """The headers with these features denied; what the application says of one stays."""
    lines = values(headers, NAME)
    features = {name for line in lines for name in _FEATURE.findall(line)}
    denied = [feature + b"=()" for feature in FEATURES if feature not in features]
    return [*headers, (NAME, b", ".join(denied))] if denied else headers
