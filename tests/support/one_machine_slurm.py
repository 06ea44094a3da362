"""A Slurm of this machine alone, started in a folder and ended with it; needs root, slurmctld and munged."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "srun", "scancel", "scontrol")
MISSING = (
    "not root"
    if os.name != "posix" or os.geteuid() != 0
    else ", ".join(name for name in PROGRAMS if shutil.which(name) is None)
)
"""Why it cannot be started here; empty where it can."""
CONFIGURATION = """
ClusterName=alone
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=5
MinJobAge=10
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=1
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=4000
PartitionName=low Nodes={host} Default=YES PriorityTier=1 MaxTime=INFINITE State=UP
PartitionName=high Nodes={host} PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@contextlib.contextmanager
def one_machine_slurm(folder: Path, cpus=2):
    """Yield the variables of its clients; partitions `low`, whose jobs are preempted and requeued, and `high`."""
    folder = folder.resolve()
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir(parents=True)
    (folder / "munge").chmod(0o755)
    key = folder / "munge" / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    host = socket.gethostname().partition(".")[0]
    configuration = folder / "slurm.conf"
    configuration.write_text(
        CONFIGURATION.format(folder=folder, host=host, controller=free_port(), daemon=free_port(), cpus=cpus)
    )
    environment = {"SLURM_CONF": str(configuration)}
    munge = folder / "munge"
    started = []
    try:
        started.append(
            subprocess.Popen(
                [
                    "munged",
                    "--foreground",
                    "--force",
                    f"--key-file={key}",
                    f"--socket={munge}/socket",
                    f"--pid-file={munge}/pid",
                    f"--log-file={munge}/log",
                    f"--seed-file={munge}/seed",
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        _await(lambda: (munge / "socket").exists(), "munged has no socket")
        started += [
            subprocess.Popen(
                [daemon, "-D", "-f", str(configuration)],
                env=os.environ | environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for daemon in ("slurmctld", "slurmd")
        ]
        _await(lambda: "idle" in _asked(["sinfo", "-h", "-o", "%T"], environment), "no node is idle")
        yield environment
    finally:
        _asked(["scancel", "--full", "--signal=KILL", "--user=root"], environment)
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _asked(command, environment):
    try:
        answer = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        return ""
    return answer.stdout


def _await(ready, complaint, seconds=90):
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(complaint)
        time.sleep(0.2)
