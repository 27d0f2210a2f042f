"""Systems under test: models of this package, other programs, finished videos; each makes clips of cases."""
