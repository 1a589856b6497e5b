"""The world in the words of vendors: bodies and headers as their webhooks have them."""
