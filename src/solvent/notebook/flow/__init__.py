"""What the statements of a notebook do with names, and what follows from it: who made what another reads."""
