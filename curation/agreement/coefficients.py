"""All coefficients of one set of votes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from curation.agreement.counts import LabelCounts
from curation.agreement.distances import Distance, nominal
from curation.agreement.fleiss import fleiss_kappa
from curation.agreement.krippendorff import krippendorff_alpha
from curation.agreement.percent import percent_agreement
from stats.estimate import Estimate


@dataclass(frozen=True)
class Coefficients:
    """How far the votes agree.

    Attributes
    ----------
    percent_agreement
        In [0, 1]; chance alone may give much of it.
    fleiss_kappa, krippendorff_alpha
        Corrected for chance: 1 full agreement, 0 chance.
    """

    percent_agreement: Estimate
    fleiss_kappa: Estimate
    krippendorff_alpha: Estimate

    def as_json(self) -> dict[str, Any]:
        """Each coefficient as `Estimate.as_json`."""
        return {name: estimate.as_json() for name, estimate in vars(self).items()}


def coefficients(
    counts: LabelCounts, distance: Distance = nominal, clusters: np.ndarray | None = None
) -> Coefficients:
    """Percent agreement and Fleiss' kappa, always nominal, and alpha by a distance."""
    return Coefficients(
        percent_agreement(counts, clusters),
        fleiss_kappa(counts, clusters),
        krippendorff_alpha(counts, distance, clusters),
    )
