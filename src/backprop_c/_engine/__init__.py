"""What runs without Python: parameters, plans, fits, threads, predictions. Compiled once."""
