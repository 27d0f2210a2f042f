"""Training recipe of the face reader of the input checks: faces, planted faults, the network, its file.

Shares no code with what plants faults to measure the checks (`livetalk.evaluation.inputs`).
"""
