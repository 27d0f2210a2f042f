"""Scores of judged dialogues: percentiles and means with intervals, and the report that shows them with the clips."""
