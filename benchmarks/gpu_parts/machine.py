"""What the results depend on beside the code: the card and the versions of what computes."""

import platform
import sys


def machine(device):
    """Return the device's name and the versions; exit with a sentence where there is no such device."""
    import torch

    found = torch.device(device)
    if found.type == "cuda" and not (torch.cuda.is_available() and (found.index or 0) < torch.cuda.device_count()):
        sys.exit(
            f"error: {device} is not on this machine, whose torch {torch.__version__} sees "
            f"{torch.cuda.device_count() if torch.cuda.is_available() else 0} CUDA devices; run this on a machine with "
            "a GPU, or try its paths by --device cpu --shapes tiny"
        )
    about = {"device": platform.processor() or platform.machine()}
    if found.type == "cuda":
        card = torch.cuda.get_device_properties(found)
        about = {"device": card.name, "memory_bytes": card.total_memory, "cuda": torch.version.cuda}
    return {**about, "torch": torch.__version__, "python": platform.python_version()}
