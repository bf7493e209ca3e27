"""The server: one model's version behind the Open Inference Protocol and a plain ``/predict``."""
