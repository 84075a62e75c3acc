"""Members, sessions, tokens, invitations, identities, permissions."""
