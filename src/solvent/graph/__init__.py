"""What shall be done: steps, pipelines and how they are wired. Nothing here runs anything."""
