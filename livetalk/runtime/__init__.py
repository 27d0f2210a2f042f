"""The process and its machine: allocator, cores, native number formats, cache folder. All but the last is called by
`main` functions only."""
