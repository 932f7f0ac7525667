"""What an image tells without forensics, as one row of numbers, and which of them separate the classes."""
