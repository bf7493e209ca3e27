"""Hidden inputs by name: clocks, the environment and entropy, which no audit hook sees."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["hidden_kind"]

_CLOCK = """
    time.time time.time_ns time.clock_gettime time.clock_gettime_ns
    datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today
    pandas.Timestamp.now pandas.Timestamp.utcnow pandas.Timestamp.today
    arrow.now arrow.utcnow arrow.Arrow.now arrow.Arrow.utcnow pendulum.now pendulum.today pendulum.yesterday
    pendulum.tomorrow django.utils.timezone.now whenever.Instant.now
"""
_ENTROPY = """
    os.urandom os.getrandom uuid.uuid1 uuid.uuid4 uuid.uuid6 uuid.uuid7 random.SystemRandom secrets.* torch.seed
"""
_ENVIRONMENT = "os.environ os.environb os.getenv os.getenvb"
_HOST = """
    platform.node platform.uname os.uname os.getlogin getpass.getuser socket.gethostname socket.getfqdn uuid.getnode
"""
_BARE_CLOCK = "time.localtime time.gmtime time.ctime time.asctime"
_BARE_ENTROPY = """
    random.Random random.seed numpy.random.default_rng numpy.random.RandomState numpy.random.SeedSequence
    numpy.random.seed numpy.random.PCG64 numpy.random.PCG64DXSM numpy.random.MT19937 numpy.random.Philox
    numpy.random.SFC64
"""
_ALWAYS = {
    name: kind
    for kind, names in (("clock", _CLOCK), ("entropy", _ENTROPY), ("env", _ENVIRONMENT), ("host", _HOST))
    for name in names.split()
}
_BARE = {name: kind for kind, names in (("clock", _BARE_CLOCK), ("entropy", _BARE_ENTROPY)) for name in names.split()}
_SAME = {"posix": "os", "nt": "os"}


@lru_cache(4096)
def hidden_kind(name: str, count: int = -1) -> tuple[str, str] | None:
    """``clock``, ``entropy``, ``env`` or ``host`` with the public name, if this dotted name reads one.

    ``count`` is the fewest arguments that it is called with, -1 if it is not called where it is named: some
    read the clock, or draw from the system, only if nothing is given.
    """
    head, _, tail = name.partition(".")
    parts = [_SAME.get(head, head.lstrip("_")), *(part for part in tail.split(".") if not part.startswith("_"))]
    if parts[0] == "pandas" and "Timestamp" in parts:
        parts = ["pandas", *parts[parts.index("Timestamp") :]]
    for length in range(len(parts), 1, -1):
        known = ".".join(parts[:length])
        if known in _ALWAYS:
            return _ALWAYS[known], known
        if length == len(parts) and count == 0 and known in _BARE:
            return _BARE[known], known
    if parts[0] == "secrets" and len(parts) > 1:
        return "entropy", ".".join(parts[:2])
    if ".".join(parts) == "time.strftime" and 0 <= count <= 1:
        return "clock", "time.strftime"
    return None
