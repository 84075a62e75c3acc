"""Our own paths below `/askfirst/`, one request each."""
