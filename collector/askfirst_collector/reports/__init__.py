"""Reports: what was disclosed, selected and added; nothing else."""
