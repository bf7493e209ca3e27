"""Trust: who vouches for a bundle that comes from elsewhere, by ed25519 signatures over its digest."""
