"""Deliveries to third parties."""
