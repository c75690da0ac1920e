"""Explanations of networks by gradients: Grad-CAM and integrated gradients (extra ``deep``)."""
