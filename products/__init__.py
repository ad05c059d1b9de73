"""What is sold: catalogue, prices, purchases and the storefront. An empty room so far."""
