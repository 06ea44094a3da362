"""Suites that are one YAML file: anyone's pre-trained model, experts, heads and data."""
