"""Two workers on one folder, while the host policy above them changes."""
