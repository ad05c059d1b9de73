"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Many:
    """An account in which something is to be found."""

    contacts: int = 100_000
    entries: int = 1_000_000
    times: int = 60  # each question is asked


@dataclass(frozen=True)
class Size:
    rounds: int
    seconds: float  # of each contestant in each round
    contacts: int  # wallets the spread load is spread over
    batch: int  # rows of each batch verb in each round; over the rounds 100,000 in the full size
    chunk: int  # rows of one call
    customers: int  # of the large shop
    products: int  # of the large shop; the small one has one
    grown: Many  # of the account that has grown large
    pages: int  # contacts whose pages are asked for


SIZES = {
    "full": Size(
        rounds=5, seconds=3, contacts=10_000, batch=20_000, chunk=5_000, customers=20_000, products=2_000,
        grown=Many(contacts=100_000, entries=1_000_000, times=40), pages=60,
    ),
    # Ten million entries in the grown account and a shop five times as large: filling them takes long, and 10 GB of disk.
    "large": Size(
        rounds=5, seconds=3, contacts=10_000, batch=20_000, chunk=5_000, customers=100_000, products=10_000,
        grown=Many(contacts=100_000, entries=10_000_000, times=40), pages=60,
    ),
    "quick": Size(
        rounds=5, seconds=1, contacts=5_000, batch=5_000, chunk=5_000, customers=20_000, products=2_000,
        grown=Many(contacts=20_000, entries=200_000, times=20), pages=30,
    ),
    "smoke": Size(
        rounds=1, seconds=0.1, contacts=50, batch=100, chunk=50, customers=100, products=20,
        grown=Many(contacts=300, entries=3_000, times=2), pages=2,
    ),
}  # fmt: skip
