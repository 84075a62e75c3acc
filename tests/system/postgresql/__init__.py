"""Real processes whose ledger is in a real PostgreSQL."""
