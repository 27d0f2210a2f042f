"""The machinery of training: one loop, optimisers and EMA, checkpoints, metrics and alarms, several processes.

What is trained, on what data and with which loss is the business of the stages (codec here, teacher, ode and dmd
in `livetalk.recipes`); nothing in this room knows a video model except the stage files themselves.
"""
