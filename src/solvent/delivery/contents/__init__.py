"""What a bundle holds beside the predictor: its requirements lock, the profile of its training rows, its card."""
