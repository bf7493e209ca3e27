"""What shall be done, settled before anything runs: inputs bound, settings checked, keys ready."""
