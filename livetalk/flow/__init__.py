"""Flow matching as pure functions: schedule, noising, guidance, solver."""
