"""Forgeries made from photographs that come with scikit-image and scikit-learn."""
