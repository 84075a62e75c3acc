"""A site's settings: policy, editions, keys, first steps."""
