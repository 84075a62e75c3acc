"""A harness that ends real servers at drawn points and compares with what was acknowledged."""
