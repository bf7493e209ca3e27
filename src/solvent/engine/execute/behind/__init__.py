"""What happens behind the work: bytes are written, profiles are made."""
