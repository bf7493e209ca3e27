"""What is sent into the notebook's own kernel as text: it imports nothing but the standard library."""
