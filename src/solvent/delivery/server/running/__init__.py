"""What runs beside the answers: figures, the log of predictions, and the change of versions."""
