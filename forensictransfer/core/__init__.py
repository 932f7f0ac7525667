"""What every room stands on: settings, errors, atomic files, environment. No image, no model, no TensorFlow."""
