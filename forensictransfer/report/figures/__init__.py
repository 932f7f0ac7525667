"""The figures of a sweep's page: drawn by matplotlib without a screen, the same bytes for the same numbers."""
