"""Data sets of talking people, each in the layout that its users have on disk, as cases of a table."""
