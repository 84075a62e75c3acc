"""Folders whose ledger, rows and salts are on servers, all three."""
