"""Other people's checkpoints: download, file formats, key maps and conversion."""
