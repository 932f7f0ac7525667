"""How a lens pulls red and blue away from green, and where an image shows another pull; see README.md."""
