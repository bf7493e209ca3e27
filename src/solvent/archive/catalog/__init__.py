"""The metadata database: what happened, and what led to what."""
