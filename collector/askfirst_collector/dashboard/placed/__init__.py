"""Placed collectors by a form."""
