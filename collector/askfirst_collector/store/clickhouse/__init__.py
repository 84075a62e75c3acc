"""Rows in ClickHouse: a server, or its engine in this process."""
