"""The sync expert: a small network that hears speech, sees mouths, and tells how far one is from the other."""
