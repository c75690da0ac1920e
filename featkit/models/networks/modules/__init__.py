"""Layers and networks as torch modules. They import torch at their top, and are loaded lazily."""
