"""Pages of figures: panels, tables, charts, and why one is missing."""
