"""What goes over the wire, each format read by one reader: events, answers, and their limits."""
