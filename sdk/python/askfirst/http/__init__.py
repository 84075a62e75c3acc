"""Headers, cookies, origins and bodies, without a framework."""
