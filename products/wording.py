"""What was bought, in words."""


def what(product_name: str, quantity: int) -> str:
    """ "Pack of 5", "Pack of 5 × 2"."""
    return f"{product_name} × {quantity:,}" if quantity > 1 else product_name
