"""Makes the weights of the heads and their card. Run by `make models`; the pipeline never imports this."""
