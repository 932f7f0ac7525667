"""What a face should look like: irises of one colour, the same reflections, teeth that are drawn; see README.md."""
