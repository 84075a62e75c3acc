"""What visitors read: notice, choices, rights and policy as HTML."""
