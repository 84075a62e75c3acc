"""Tables of members in `ledger.db`: who they are, and everything by which they come in.

members        name, role, password; member_site: the sites of whoever is no host admin
invitation     a link that makes one member; setup_links: the one that makes a host admin
session        a browser that is signed in; api_token: a program that is
identity       who a member is to an OIDC provider

Every secret in them is a hash: Argon2id of passwords, SHA-256 of what holds 256 random bits.
"""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from askfirst_collector.store.database import metadata

COPIED = b""  # in place of the browser: the session has ended, as another browser sent its cookie

members = Table(
    "members",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("password", String(200), nullable=False),  # Argon2id, PHC string; "": only by OIDC
)
member_site = Table(
    "member_site",
    metadata,
    Column("member", String(80), primary_key=True),
    Column("site", String(40), primary_key=True),
)
setup_links = Table(
    "setup_links",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("made", Integer, nullable=False),
)
invitation = Table(
    "invitation",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("sites", String, nullable=False),  # names between spaces
    Column("email", String(254), nullable=False),  # "": whoever has the link
    Column("expires", Integer, nullable=False),
)
session = Table(
    "session",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("member", String(80), nullable=False, index=True),
    Column("browser", LargeBinary(32), nullable=False),  # keyed, of the token and the traits
    Column("begun", String(10), nullable=False),  # the day
    Column("expires", Integer, nullable=False),
)
api_token = Table(
    "api_token",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("member", String(80), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("scopes", String, nullable=False),  # names between spaces
    Column("begun", String(10), nullable=False),  # the day
    Column("expires", Integer, nullable=False),
)
identity = Table(
    "identity",
    metadata,
    Column("issuer", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("member", String(80), nullable=False, index=True),
)
