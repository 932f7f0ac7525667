"""The built-in data sets: named, built, read, and how to get the files of those that cannot be made here."""

from forensictransfer.core.moved import moved_names

# What builders of version 0.1 imported from here, when it was one module.
__getattr__ = moved_names(__name__, "data.catalogue.data_sets", ("DataSet", "Facts", "MADE_HERE", "manual_folder"))
