"""Members and the audit."""
