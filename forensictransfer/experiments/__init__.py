"""Train, adapt and evaluate: the only writers of run folders."""
