"""Photo puppets: one portrait photograph becomes clips in which it talks, with the exact truth of every frame.

Fitting (needs the `eval` extra: MediaPipe and its OpenCV) turns a photograph into a `FittedPortrait`; drawing needs
only numpy, scipy, Pillow and moderngl. The two halves meet in `fitted` and share no other state.
"""
