"""What ``bench/serving.py`` starts and asks: one model behind many servers, each in its own environment."""
