"""What waits for a collector that is away: on disk before anybody is answered."""
