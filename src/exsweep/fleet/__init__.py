"""Many servers: kept assessments, one queue, clusters, curves, re-checks and letters. Reads assessments and nothing else."""
