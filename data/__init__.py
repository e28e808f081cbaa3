"""The picture set that comes with minialexnet: ten classes of drawn shapes and textures."""
