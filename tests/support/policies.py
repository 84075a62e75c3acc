"""The ready-made policies as `askfirst init` writes them where a site has every purpose."""

from __future__ import annotations

from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.catalogue.first_policy import PURPOSES, with_purposes


def every_purpose(name: str) -> Policy:
    """The ready-made policy of this name, with the purposes that only some sites have."""
    return read_policy(with_purposes(name, PURPOSES))
