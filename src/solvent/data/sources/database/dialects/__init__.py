"""What each kind of database does in its own way: opening, types, reading in batches, and what goes wrong."""
