"""Evaluation on photographs, compared with puppets of the same people: takes, measures, metrics, report, sheets."""
