"""What is looked for in a notebook: one file for what is read, what is seen, what is shown, and why it breaks."""
