"""The built-in data sets: named, built, read, and how to get the files of those that cannot be made here."""
