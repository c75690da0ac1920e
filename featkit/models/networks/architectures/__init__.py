"""Architectures of networks, one per module; `networks.architecture.ARCHITECTURES` lists them."""
