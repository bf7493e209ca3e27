"""What a user gets to see of runs: plain values that read the catalog when they are asked."""
