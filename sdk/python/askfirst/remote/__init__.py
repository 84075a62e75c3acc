"""The collector elsewhere: connections, terms, relayed events."""
