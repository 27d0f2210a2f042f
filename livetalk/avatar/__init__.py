"""The contract between the half with a model and the half with the web: sessions and timed blocks, numpy only."""
