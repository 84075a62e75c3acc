"""Signing in, sessions, invitations, one's own account."""
