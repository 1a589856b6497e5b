"""Learned limits: how long things take on which lane, and what is likely to be late or lost.

Pure arithmetic on arrays: no clock, no chance, and the same result for any split of the same history into batches.
"""

from amends.detection.learning.counting import End
from amends.detection.learning.lanes import Lanes
from amends.detection.learning.odds import Fact, Odds
from amends.detection.learning.stage import Days, Stage, late_chances
from amends.detection.learning.tempo import Tempo
from amends.detection.learning.waits import Waits

__all__ = ["Days", "End", "Fact", "Lanes", "Odds", "Stage", "Tempo", "Waits", "late_chances"]
