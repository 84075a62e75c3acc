"""What is looked at: source of the figures, range of dates, tables."""
