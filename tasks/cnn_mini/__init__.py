"""The suite `cnn-mini`: a real pre-trained EfficientNet-Lite0 on small images."""
