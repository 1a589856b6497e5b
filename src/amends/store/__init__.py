"""What is kept on disk, and every question that is asked of it: SQL lives here and nowhere else."""
