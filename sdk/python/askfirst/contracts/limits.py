"""How much a request may hold: every limit of the wire formats, once."""

from __future__ import annotations

BODY_BYTES = 65_536
BODY_SECONDS = 10.0  # until a body must be whole
DEPTH = 8  # levels of lists and objects
DIGITS = 20  # of an integer that is read as one; int() itself is quadratic in them
FORM_FIELDS = 200
SHORT = 100  # characters of an edition or a language
CHOICES = 200  # purposes that one answer names
EVENTS = 100  # of a batch
TEXT = 2_048  # characters of an address or a name
PURPOSE = 81  # characters of a name, or of collector/purpose
COOKIE_NAMES = 200  # browsers keep about 180 a site
