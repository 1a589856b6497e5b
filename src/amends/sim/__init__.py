"""The seeded world: shops, carriers, a payment provider and buyers, and injected trouble with its ground truth.

It speaks as vendors speak and knows nothing of how Amends reads or judges.
"""

from amends.sim.sending import Sending
from amends.sim.truth import Truth
from amends.sim.world import START, Plan, World

__all__ = ["START", "Plan", "Sending", "Truth", "World"]
