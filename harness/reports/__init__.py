"""Make pages, pictures and notes from boards and records, outside the threads that serve devices."""
