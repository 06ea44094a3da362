"""Training an expert: all weights of the encoder on one task, and its head along with them where that is asked for."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor
from torch.func import functional_call

from .classification import ClassificationProblem
from .fine_tuning import FineTuning, fine_tune
from .head_checks import logits_in
from .problem import Batch, Params
from .progress import Progress
from .threads import cpu_threads

HEAD = "(head)."
"""The prefix of the names of a head's weights that are trained and kept with an expert's; no module is called so."""


def train_expert(
    single: ClassificationProblem,
    recipe: FineTuning,
    generator: torch.Generator,
    *,
    trains_head: bool,
    progress: Progress,
) -> dict[str, Tensor]:
    """Return the weights of an expert, fine-tuned from the pre-trained model on one thread, perhaps with its head's.

    Args:
        single: a problem of one task, which is left as it is.
        recipe: how the expert is fine-tuned.
        generator: decides the order of examples, and how they are augmented.
        trains_head: whether the task's head is trained, too, from the values it has; see `head_of`.
        progress: told the steps that are done.

    Raises:
        DivergenceError: the loss or a weight became NaN or infinite.
    """
    (task,), (head,) = single.tasks, single.heads
    start = dict(single.pretrained)
    trainable = [name for name, _ in single.model.named_parameters()]
    if trains_head:
        start |= {f"{HEAD}{name}": tensor.to(single.device) for name, tensor in head.state_dict().items()}
        trainable += [f"{HEAD}{name}" for name, _ in head.named_parameters()]

    def loss(params: Params, batch: Batch) -> Tensor:
        if not trains_head:
            return single.task_loss(0, params, batch)
        features = single.features(without_head(params), batch[0])
        logits = logits_in(functional_call(head, head_of(params), (features,)))
        return F.cross_entropy(logits, batch[0].labels)

    # Whoever asks first makes an entry of the cache, so its bits must not depend on how many threads they use.
    with cpu_threads(1):
        return fine_tune(
            start,
            trainable,
            loss,
            single.batches("train", recipe.batch_size, generator),
            recipe,
            activity=f"expert {task}",
            progress=progress,
        )


def head_of(params: Params) -> dict[str, Tensor]:
    """Return the weights of the head that was trained with an expert, by its own names."""
    return {name.removeprefix(HEAD): tensor for name, tensor in params.items() if name.startswith(HEAD)}


def without_head(params: Params) -> dict[str, Tensor]:
    """Return the weights of the encoder alone."""
    return {name: tensor for name, tensor in params.items() if not name.startswith(HEAD)}
