"""Rows of schema report that leave the house: where they are read, and the files that they become."""
