"""What separates the reals of a domain from its fakes without forensics, and which images stand in it twice."""
