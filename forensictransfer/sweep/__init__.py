"""Sweeps: every source x target x shots x strategy x seed, each job once, shared out between workers by Optuna."""
