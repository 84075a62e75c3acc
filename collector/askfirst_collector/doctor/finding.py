"""What a check says, and every id there is; docs/doctor.md explains each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Known:
    """One id: what it is called, and how much it matters."""

    severity: Severity
    title: str


KNOWN = {
    "askfirst.D001": Known("error", "the site does not answer"),
    "askfirst.D002": Known("error", "the gate is not in front"),
    "askfirst.D003": Known("error", "something stands outside of the gate"),
    "askfirst.D004": Known("error", "a cookie leaves that the policy does not declare"),
    "askfirst.D005": Known("warning", "a cookie is taken out that the policy does not declare"),
    "askfirst.D006": Known("error", "a cookie is set before consent"),
    "askfirst.D007": Known("error", "something is stored before consent"),
    "askfirst.D008": Known("error", "a third party is asked before consent"),
    "askfirst.D009": Known("warning", "an access log keeps visitors"),
    "askfirst.D010": Known("error", "anybody's X-Forwarded-For is believed"),
    "askfirst.D011": Known("error", "no HTTPS"),
    "askfirst.D012": Known("error", "a cache may show one visitor's page to another"),
    "askfirst.D013": Known("error", "the policy goes beyond the host's"),
    "askfirst.D014": Known("error", "the collector does not answer"),
    "askfirst.D015": Known("warning", "the clock is off"),
    "askfirst.D016": Known("warning", "the certificate ends soon"),
    "askfirst.D017": Known("error", "a page has no notice"),
    "askfirst.D018": Known("error", "gpc.json is missing"),
    "askfirst.D019": Known("error", "client hints are asked for"),
    "askfirst.D020": Known("error", "the policy names a controller that was made up"),
    "askfirst.D021": Known("warning", "the policy does not name this origin"),
    "askfirst.D022": Known("warning", "nothing stands in front of the application server"),
    "askfirst.D023": Known("error", "something is set that the answer does not cover"),
    "askfirst.D024": Known("error", "a third party is asked that the answer does not cover"),
    "askfirst.D025": Known("error", "a step of a visitor does not work"),
    "askfirst.D026": Known("error", "the notice's answers are not alike"),
    "askfirst.D027": Known("error", "the notice cannot be read by many"),
    "askfirst.D028": Known("error", "an answer of the notice is covered"),
    "askfirst.D029": Known("error", "the keyboard does not reach an answer"),
    "askfirst.D030": Known("error", "the notice does not say what it must"),
    "askfirst.D031": Known("warning", "the policy counts no campaigns"),
    "askfirst.D032": Known("warning", "a proxy in front is not trusted"),
    "askfirst.D033": Known("error", "salts may have copies"),
    "askfirst.D034": Known("warning", "what was destroyed stays longer than it must"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: where, what was found, and what to do."""

    id: str
    where: str
    found: str
    do: str

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return KNOWN[self.id].severity

    def as_dict(self) -> dict[str, str]:
        """Plain values, for JSON."""
        return {
            "id": self.id,
            "severity": self.severity,
            "title": KNOWN[self.id].title,
            "where": self.where,
            "found": self.found,
            "do": self.do,
        }
