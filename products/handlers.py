"""What products does when a job is due."""

from .services import refunds, renewals

renew = renewals.renew
charge = renewals.charge
refund = refunds.send_waiting
