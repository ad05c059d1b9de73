"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    rounds: int
    seconds: float  # of each contestant in each round
    contacts: int  # wallets the spread load is spread over
    batch: int  # rows of each batch verb in each round; over the rounds 100,000 in the full size
    chunk: int  # rows of one call
    customers: int  # of the large shop
    products: int  # of the large shop; the small one has one


SIZES = {
    "full": Size(rounds=5, seconds=4, contacts=10_000, batch=20_000, chunk=5_000, customers=100_000, products=10_000),
    "quick": Size(rounds=5, seconds=1, contacts=5_000, batch=5_000, chunk=5_000, customers=20_000, products=2_000),
    "smoke": Size(rounds=1, seconds=0.1, contacts=50, batch=100, chunk=50, customers=100, products=20),
}
