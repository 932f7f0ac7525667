"""The sections of a sweep's page, in the order in which it shows them."""
