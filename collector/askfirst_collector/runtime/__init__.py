"""Opening a data folder, its health, and what a restore brings back."""
