"""Who takes a benchmark: sessions, endpoints, local models, and baselines that only guess."""
