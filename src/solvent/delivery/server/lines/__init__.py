"""Lines: the versions that answer for each model, their queues, and who gets which request."""
