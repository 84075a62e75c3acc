"""Letters: figures and alerts by e-mail, to members who asked for them."""
