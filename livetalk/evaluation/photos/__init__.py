"""Photographs that are made to talk, held against puppets of themselves: takes, measures, figures, report, sheets."""
