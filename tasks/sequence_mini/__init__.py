"""The suite `sequence-mini`: images read row by row by an LSTM."""
