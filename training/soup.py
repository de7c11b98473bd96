"""One network of several runs: the mean of their weights.

Runs that begin alike end in one valley of the loss, each where its photos' order and alterations
took it. As a rule their mean lies lower than any, in other shops too, and answers as fast as one.

M. Wortsman et al., "Model soups", ICML 2022 (arXiv 2203.05482); A. Ramé et al., "Diverse Weight
Averaging for Out-of-Distribution Generalization", NeurIPS 2022 (arXiv 2205.09739).
"""

from collections.abc import Sequence

import numpy as np

from training.fit import Trained


def mean_of(runs: Sequence[Trained]) -> Trained:
    """The network whose weights are the mean of those of some runs; it takes the first one's place.

    Args:
        runs: at least one, all of one variant, that began with the same weights.
    """
    first = runs[0]
    weights = zip(*(run.model.get_weights() for run in runs), strict=True)
    first.model.set_weights([np.mean(same, axis=0) for same in weights])
    return Trained(first.model, first.size, [one for run in runs for one in run.histories])
