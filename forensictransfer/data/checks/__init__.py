"""What may be wrong with a domain, looked for before it is used: groups, names, copies, sizes."""
