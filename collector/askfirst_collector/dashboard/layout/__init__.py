"""What every page has: templates, menu, alerts, problems."""
