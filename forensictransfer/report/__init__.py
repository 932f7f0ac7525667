"""Reports: tables made from the files of run folders, never from models."""
