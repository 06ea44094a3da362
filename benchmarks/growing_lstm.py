"""The LSTM of `sequence-mini` in several widths, each pre-trained on the spot, for `studies/growth.yaml`.

frontrunner bench studies/growth.yaml --plugin benchmarks/growing_lstm.py
"""

from frontrunner.tasks.sequence_mini.sequence_mini_suite import SequenceMini


class SequenceMini24(SequenceMini):
    """The LSTM of sequence-mini with 24 units a layer."""

    name = "sequence-mini-24"
    width = 24


class SequenceMini48(SequenceMini):
    """The LSTM of sequence-mini with 48 units a layer."""

    name = "sequence-mini-48"
    width = 48


class SequenceMini192(SequenceMini):
    """The LSTM of sequence-mini with 192 units a layer."""

    name = "sequence-mini-192"
    width = 192
