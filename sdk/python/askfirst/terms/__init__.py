"""What may be gathered: scopes, terms, policies, editions, consent. No I/O, no clock."""
