"""Which images of a domain show the same photograph."""
