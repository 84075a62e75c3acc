"""What owners are told, signed and to pinned addresses."""
