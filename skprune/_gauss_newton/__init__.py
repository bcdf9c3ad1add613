"""The Gauss-Newton matrix by the cheapest of three ways, its diagonal, and gates."""
