"""Says once for each undeclared cookie which line of the policy would let it pass."""

from __future__ import annotations

import logging
import re

log = logging.getLogger("askfirst")

MOST = 256  # names remembered
LONGEST = 64  # bytes of a name that are shown
# What may be a visitor's id within a name is shown as a glob, which also is the better line.
_IDS = re.compile(r"[0-9]{3,}|(?=[A-Za-z]*[0-9])[0-9A-Za-z]{12,}")
_UNWRITABLE = re.compile(rb"[^!#$%&'+\-.^_`|~0-9A-Za-z]")


class Advice:
    """Remembers, bounded, which names it spoke of."""

    def __init__(self, *, strict: bool) -> None:
        self._fate = "was taken out" if strict else "was let pass"
        self._told: set[str] = set()

    def undeclared(self, name: bytes) -> None:
        """Log the policy line for a name, the first time it is met; never a value."""
        if len(self._told) > MOST:
            return
        shown = as_glob(name)
        if shown in self._told:
            return
        self._told.add(shown)
        if len(self._told) > MOST:
            log.warning("more than %d cookie names are undeclared; no more are listed here", MOST)
        elif not shown.strip("*"):
            log.warning("a cookie %s whose name cannot be declared in a policy", self._fate)
        else:
            log.warning(
                "the cookie %s %s: the policy does not declare it. Write "
                'cookies = ["%s"] into the [purposes.NAME] it serves, or, if the site cannot work '
                'without it: [[necessary]] cookie = "%s"',
                shown,
                self._fate,
                shown,
                shown,
            )


def as_glob(name: bytes) -> str:
    """A cookie's name as a policy would write it, with everything that may be an id as `*`."""
    plain = _UNWRITABLE.sub(b"*", name[:LONGEST]) + (b"*" if len(name) > LONGEST else b"")
    return re.sub(r"\*+", "*", _IDS.sub("*", plain.decode("ascii")))
