-- The tables of ledger.db as every folder had them before there were migrations.
CREATE TABLE edition (
    site VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    hash VARCHAR NOT NULL,
    effective INTEGER NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (site, number)
);
CREATE TABLE notice (
    hash VARCHAR NOT NULL,
    words BLOB NOT NULL,
    PRIMARY KEY (hash)
);
CREATE TABLE site_key (
    hash BLOB NOT NULL,
    site VARCHAR NOT NULL,
    PRIMARY KEY (hash)
);
CREATE TABLE revision (
    number INTEGER NOT NULL,
    PRIMARY KEY (number)
);
CREATE TABLE entry (
    idx INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    salt BLOB,
    body BLOB,
    site VARCHAR,
    handle VARCHAR,
    kind VARCHAR,
    hour INTEGER,
    until INTEGER,
    PRIMARY KEY (idx),
    CHECK ((body IS NULL) = (salt IS NULL))
);
CREATE INDEX entry_by_hour ON entry (site, hour);
CREATE INDEX entry_by_handle ON entry (site, handle, idx);
CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER entry_is_only_erased BEFORE UPDATE ON entry WHEN NEW.idx IS NOT OLD.idx OR NEW.leaf IS NOT OLD.leaf OR NEW.body IS NOT NULL OR NEW.site IS NOT NULL OR NEW.handle IS NOT NULL OR NEW.kind IS NOT NULL OR NEW.hour IS NOT NULL OR NEW.until IS NOT NULL BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TABLE dead (
    mark BLOB NOT NULL,
    PRIMARY KEY (mark)
);
CREATE TABLE pair (
    name BLOB NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE refusal (
    site VARCHAR NOT NULL,
    edition INTEGER NOT NULL,
    day VARCHAR NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (site, edition, day)
);
CREATE TABLE closing (
    id INTEGER NOT NULL,
    site VARCHAR NOT NULL,
    collector VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    closes VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    min_cell_size INTEGER NOT NULL,
    visitors INTEGER,
    views INTEGER,
    expires INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX closing_by_period ON closing (site, collector, purpose, closes, period);
CREATE TABLE cell (
    subject INTEGER NOT NULL,
    "table" VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    closing INTEGER NOT NULL,
    visitors INTEGER NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (subject, "table", path, kind, closing)
)
 WITHOUT ROWID;
CREATE INDEX cell_by_closing ON cell (closing);
CREATE TABLE subject (
    id INTEGER NOT NULL,
    site VARCHAR NOT NULL,
    collector VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX subject_by_name ON subject (site, collector, purpose);
CREATE TABLE rounding_key (
    site VARCHAR NOT NULL,
    closes VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    "key" BLOB NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (site, closes, period)
);
CREATE TABLE members (
    name VARCHAR(80) NOT NULL,
    role VARCHAR(20) NOT NULL,
    password VARCHAR(200) NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE sessions (
    hash BLOB NOT NULL,
    member VARCHAR(80) NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (hash)
);
CREATE INDEX ix_sessions_member ON sessions (member);
CREATE TABLE setup_links (
    hash BLOB NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (hash)
);
CREATE TABLE snapshot (
    site VARCHAR NOT NULL,
    closes VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    made INTEGER NOT NULL,
    visitors INTEGER NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (site)
);
CREATE TABLE lease (
    name VARCHAR NOT NULL,
    holder VARCHAR NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE job (
    name VARCHAR NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (name)
);
