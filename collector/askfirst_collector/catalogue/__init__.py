"""What is in force: sites, editions, placed collectors, host policy, keys."""
