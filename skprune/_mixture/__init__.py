"""EM, covariance families, growth and streams of Gaussian mixtures."""
