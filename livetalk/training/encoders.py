"""The two small encoders of `tiny` and how they are trained: one door to speech_encoder.py and text_encoder.py."""

from livetalk.training.speech_batches import label
from livetalk.training.speech_encoder import SpeechTraining, speech_scores, train_speech_encoder
from livetalk.training.text_encoder import text_accuracy, train_text_encoder

__all__ = ["SpeechTraining", "label", "speech_scores", "text_accuracy", "train_speech_encoder", "train_text_encoder"]
