import subprocess
import sys
from pathlib import Path

import pytest

from bench.report import GOALS
from bench.shop import Buyer, Shop
from contacts.models import CustomerSession
from products.models import Purchase
from simplero.tenancy.scope import scope

ROOT = Path(__file__).resolve().parents[2]


def test_runs_and_prints_every_goal():
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--smoke"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Errors 0, deadlocks 0, overdrafts 0." in done.stdout
    assert "Every ledger adds up" in done.stdout
    goals = done.stdout.partition("stretch\n")[2].partition("\n\n")[0].splitlines()
    assert len(goals) == len(GOALS)
    if sys.platform == "linux":
        assert "not measured" not in done.stdout


@pytest.mark.django_db(transaction=True)
def test_a_buyer_buys_or_says_what_the_page_said():
    shop, buyer = Shop.make("Corner", customers=1, products=1), Buyer()
    buyer.buy(shop)
    with scope(shop.account):
        CustomerSession.objects.all().delete()
    with pytest.raises(AssertionError, match="answered 422: .*name"):
        buyer.buy(shop)
    with scope(shop.account, read_only=True):
        assert Purchase.objects.count() == 1
