"""Shells that translate a server's or a framework's requests for the gate."""
