"""From where the light falls on an object, by its brightness along its outline; see README.md."""
