"""Engines that cells run under: processes of this machine, Ray, Slurm."""
