"""Rows in ClickHouse: its engine in a process, and behind its HTTP interface."""
