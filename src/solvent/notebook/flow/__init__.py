"""What statements do with names, and what they are for."""
