"""Tables and figures of a bench beside those that a publication prints; what they are is said by data files."""
