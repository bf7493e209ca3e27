"""Commands that look at what was done, and look after it."""
