"""How the tables of `ledger.db` came to be as they are: one revision a release, run at start."""
