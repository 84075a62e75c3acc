"""`/v1/admin/*`: what the dashboard does, for programs, under an API token."""
