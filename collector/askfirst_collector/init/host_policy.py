"""Writes a host's first policy: the shipped one, with what each line allows."""

from __future__ import annotations

from collections.abc import Iterator

from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.policy import shipped
from askfirst_collector.catalogue.first_policy import jurisdiction
from askfirst_collector.init.write_policy import SCOPE, headed, table

HEAD = """\
# What the sites of this host may gather at most: the host policy. Written by: askfirst host init
# A site, or a collector placed on its pages, that goes beyond it is refused, or stopped with the
# reason for its owner. What has no entry here is not gathered at all.
# See what a change would stop and purge, then publish it:
#     askfirst host set host.toml --data FOLDER --preview
#     askfirst host set host.toml --data FOLDER
"""
COMMENTS = {
    "version": "the version of this format",
    "site": "a short name of the host",
    "jurisdiction": "whose law the host is under",
    "consent_days": "no site's grants last longer",
    "evidence_days": "no site keeps the record of a grant longer",
}
CONTROLLER = {
    "name": "who runs this collector",
    "contact": "where the owner of a site can write to",
    "country": "ISO 3166-1",
}
PURPOSE = {
    "data_use": "this use of the Fides taxonomy, and every use below it",
    "legal_basis": "only consent lets an event be stored",
    "closes": "periods are no longer: day, week or month",
    "retention_days": "figures are kept no longer; what is older is purged",
    "keep_rows_days": "rows are kept no longer; 0: they go as a period closes",
    "min_cell_size": "no figure stands for fewer visitors",
    "minimum_age": "no visitor is younger; 0: any age",
    "sells_or_shares": "false: processors alone, nothing sold or shared",
    "recipients": '"*", or a list: nobody else may receive it',
    "query_parameters": '"any"; "*": listed values alone; or a table of them',
    "actions": '"any"; "*": listed values alone; or a table of them',
    "cookies": '"*", or a list of names and globs',
    "storage": '"*", or a list of keys',
    "tables": '"*", or a list of pairs',
}


def write_host_policy(*, name: str, contact: str, country: str) -> str:
    """The whole policy as TOML."""
    return "\n".join([HEAD, *_lines(name, contact, country)]) + "\n"


def _lines(name: str, contact: str, country: str) -> Iterator[str]:
    document = {**shipped("host-default").document, "jurisdiction": jurisdiction(country)}
    yield from table(document, COMMENTS)
    yield from headed("[controller]", "who answers for the collector")
    yield from table({"name": name, "contact": contact, "country": country}, CONTROLLER)
    for key, purpose in document["purposes"].items():
        yield from headed(f"[purposes.{key}]", "what purposes of this use may do at most")
        yield from table(purpose, PURPOSE)
        yield from headed(f"[purposes.{key}.levels]", "how precisely at most; 0 is not at all")
        yield from table(
            {attribute: purpose["levels"].get(attribute, 0) for attribute in ATTRIBUTES}, SCOPE
        )
