"""Train with its categories balanced: how many rows each one gets, and which."""

from curation.balance.sampling import BalanceResult, balance
from curation.balance.settings import BalanceSettings

__all__ = ["BalanceResult", "BalanceSettings", "balance"]
