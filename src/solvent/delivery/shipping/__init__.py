"""Shipping: a bundle leaves the project as a folder that runs, as a model of MLflow, as a graph, or as a container."""
