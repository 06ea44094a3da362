"""The suite `text-mini`: texts, model, heads trained with experts, and the scripts that made the shipped files."""
