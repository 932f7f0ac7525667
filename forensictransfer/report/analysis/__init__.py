"""What the results of a sweep say: series over shots, comparisons, transfer, cost."""
