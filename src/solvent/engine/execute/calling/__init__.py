"""One call of a step: seeded, watched, measured, its prints kept, its result checked."""
