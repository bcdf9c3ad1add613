"""Progress of a pruning, to callbacks and on the screen."""


class PruningProgress:
    """Tells callbacks and the screen of each block of deletions."""

    def __init__(self, pruning, task):
        self.pruning, self.task = pruning, task
        self.n_deletions = 0

    def __call__(self, n_steps, n_left, loss):
        pruning, stop = self.pruning, False
        self.n_deletions += n_steps
        if pruning.verbose:
            print(f"{self.n_deletions} deletions, {n_left} weights left, loss = {loss:.6g}")
        if hasattr(pruning, "_skl_callbacks"):
            for _ in range(n_steps):
                deletion = self.task.subcontext("deletion").call_on_fit_task_begin(
                    estimator=pruning
                )
                stop |= deletion.call_on_fit_task_end(estimator=pruning)
        return stop
