"""Forms of a page, as a browser would send them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser

_TEXT = frozenset({"", "text", "email", "tel", "search", "url", "number"})
_SENT_BY_BUTTONS = frozenset({"submit", "image", "button", "reset", "file"})
_USER = ("user", "email", "login", "name")  # what the field of a sign-in is called, best first


@dataclass(frozen=True)
class Field:
    """One control: `is_on` of a box, or of what is no box."""

    kind: str
    name: str
    value: str
    is_on: bool = True


@dataclass(frozen=True)
class Form:
    """`action` as written; `method` in upper case."""

    action: str
    method: str
    fields: tuple[Field, ...]

    @property
    def password(self) -> Field | None:
        """Its one field for a password; None where there is none, or several (a registration)."""
        fields = [field for field in self.fields if field.kind == "password"]
        return fields[0] if len(fields) == 1 else None

    @property
    def user(self) -> Field | None:
        """The field that says who signs in."""
        texts = [field for field in self.fields if field.kind in _TEXT]
        for word in _USER:
            for field in texts:
                if word in field.name.lower():
                    return field
        return texts[0] if texts else None

    def sends(self, *, boxes: bool = False) -> dict[str, str]:
        """What is sent without anybody's touching it; `boxes` ticks every box first."""
        return {
            field.name: field.value
            for field in self.fields
            if field.name
            and field.kind not in _SENT_BY_BUTTONS
            and (field.is_on or (boxes and field.kind == "checkbox"))
        }


def read_forms(text: str) -> tuple[Form, ...]:
    """The forms of a page, in order; never raises, whatever it is."""
    reader = _Reader()
    with suppress(AssertionError):  # the standard library's parser gives up on odd declarations
        reader.feed(text)
    return tuple(Form(action, method, tuple(fields)) for action, method, fields in reader.forms)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[tuple[str, str, list[Field]]] = []
        self._fields: list[Field] | None = None
        self._select: str | None = None
        self._area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = []
            method = attributes.get("method", "").upper() or "GET"
            self.forms.append((attributes.get("action", ""), method, self._fields))
        if self._fields is None:
            return
        name = attributes.get("name", "")
        if tag == "input":
            kind = attributes.get("type", "").lower()
            is_box = kind in ("checkbox", "radio")
            value = attributes.get("value", "on" if is_box else "")
            self._fields.append(Field(kind, name, value, not is_box or "checked" in attributes))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select is not None:
            self._option(attributes)
        elif tag == "textarea":
            self._area = (name, [])

    def _option(self, attributes: dict[str, str]) -> None:
        """The first option counts, until one says that it does."""
        fields, name = self._fields or [], self._select or ""
        same = [
            at for at, field in enumerate(fields) if (field.kind, field.name) == ("select", name)
        ]
        option = Field("select", name, attributes.get("value", ""))
        if not same:
            fields.append(option)
        elif "selected" in attributes:
            fields[same[0]] = option

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        elif tag == "textarea" and self._area is not None:
            name, pieces = self._area
            if self._fields is not None:
                self._fields.append(Field("textarea", name, "".join(pieces).removeprefix("\n")))
            self._area = None
        elif tag == "form":
            self._fields = None
