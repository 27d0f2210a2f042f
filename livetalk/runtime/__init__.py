"""The process and its machine: allocator, cores, native number formats. Called by `main` functions only."""
