"""Classifiers of images and texts by transformers."""
