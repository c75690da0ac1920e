"""Training of networks. Modules here and in `modules` import torch; they are loaded when needed."""
