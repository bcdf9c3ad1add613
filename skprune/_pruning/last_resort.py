"""What is tried when a stop rule forbids the cheapest deletion.

Near the end the loss is far from quadratic, and the order of saliencies only a guide.
"""

from dataclasses import dataclass

from .state import SMALL
from .stop import refusal


@dataclass(frozen=True)
class LastResort:
    """Dearer deletions that the rule allows, and those that training mends.

    Parameters
    ----------
    max_alternatives : int, default=16
        How many deletions are tried, one by one, when the rule forbids the cheapest.
    max_retrained : int, default=4
        Of these, how many are tried with training after the deletion: a training costs as much as
        many models.
    max_weights : int, default=SMALL
        Up to how many weights; one weight of many is not worth so much work.
    """

    max_alternatives: int = 16
    max_retrained: int = 4
    max_weights: int = SMALL

    def alternative(self, block, propose, is_allowed):
        """A dearer deletion in the model of a refused one that the rule allows.

        Parameters
        ----------
        block : Block
            The cheapest deletion, which is refused.
        propose : callable
            ``(damping, limit, excluded) -> Block``.
        is_allowed : callable

        Returns
        -------
        allowed : Block or None
        refused : list of Block
            All that were tried.
        """
        refused, n_tries = [block], self.max_alternatives
        if len(block.surgery.model.active) > self.max_weights:
            n_tries = 1
        while len(refused) < n_tries:
            excluded = [block.deletions[0] for block in refused]
            block = propose(block.surgery.damping, 1, excluded)
            if not len(block):
                break
            if is_allowed(block):
                return block, refused
            refused.append(block)
        return None, refused

    def mended(self, refused, objective, retraining, stop):
        """A refused deletion after which training brings the network within the rule.

        They are tried in the order of the loss right after them.

        Returns
        -------
        block : Block or None
        after : State or None
            The network after training.
        """
        if refused and refused[0].before.n_alive <= self.max_weights:
            for block in sorted(refused, key=lambda block: block.data_loss)[: self.max_retrained]:
                after = retraining.trained(objective, block.after, is_brief=True)
                if refusal(stop, after, after.data_loss) is None:
                    return block, after
        return None, None
