"""What data are read from: folders, tables, collections, the hub."""
