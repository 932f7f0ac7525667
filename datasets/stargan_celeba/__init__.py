"""CelebA portraits against their edits by StarGAN; the edits are made by the user."""
