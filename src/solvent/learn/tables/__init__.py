"""Tables as learning needs them: rows as a model takes them, columns as they were seen, contracts held."""
