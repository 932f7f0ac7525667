"""CelebA portraits against their edits by Glow; the edits are made by the user."""
