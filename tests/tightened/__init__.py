"""Two workers on one folder, while the ceiling above them changes."""
