"""FFHQ portraits against StyleGAN portraits, both of 256 x 256 pixels."""
