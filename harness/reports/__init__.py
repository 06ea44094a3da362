"""Pages, pictures and notes made from boards and records, outside the threads that serve devices."""
