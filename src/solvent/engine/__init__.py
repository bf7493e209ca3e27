"""How it is done: projects, plans, keys, runs and their records."""
