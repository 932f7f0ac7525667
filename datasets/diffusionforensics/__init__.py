"""Images by diffusion models and GANs against the photographs these were trained on."""
