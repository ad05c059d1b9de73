"""What is sold and for what: products and their prices, the storefront, purchases and the payments for them.

Credits move here only in `purchases` and, on their way back, in `returns`, inside the transaction that makes it so: paid but not
issued cannot exist.
Payment providers are asked in `gateways`, before or after such a transaction and never inside one.
"""
