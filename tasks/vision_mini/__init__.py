"""The suite `vision-mini`: images, model, zero-shot heads, and the scripts that made the shipped files."""
