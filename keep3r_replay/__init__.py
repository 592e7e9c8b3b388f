"""Re-execute a history from its event log, and prove every credit and every payment to the wei.

    import keep3r_replay as kr

    lake = kr.open_lake()                         # the bundled sample; kr.open_lake("lake") is another
    results = kr.replay(lake, ledger=True)        # .verdict .summary .tables["works"] .findings .write(folder)
    kr.replay_on(lake, "results")                 # from where former results left off: .results .after .told
    kr.replay_all(kr.open_lake("both"))           # a lake of several protocols: .parts .earnings
    kr.state_at(lake, 390).job("0x6894...")       # what a contract held
    kr.explain(lake, "0x...")                     # every term of a transaction, as a frame
    kr.what_if(lake, liquidity_factor="2").works  # what would have happened: .works .jobs .keepers
    kr.sweep(lake, {"fee": [0, 100]})             # many of them, one row each
    kr.simulate("mining", "simulated")            # a scripted history, as a lake
    kr.warehouse(lake, results)                   # a DuckDB connection

Each function imports what it needs when it is called.
"""

# Packages of these names come first: one imported later would take the place of the function of its name.
import keep3r_replay.replay
import keep3r_replay.warehouse
import keep3r_replay.what_if  # noqa: F401 - as said above
from keep3r_replay.api import explain, import_recording, open_lake, replay, replay_all, replay_on, state_at, warehouse
from keep3r_replay.api_what_if import simulate, sweep, what_if
from keep3r_replay.errors import InputError, Keep3rReplayError, LakeError, UsageError
from keep3r_replay.version import __version__

__all__ = [
    "InputError",
    "Keep3rReplayError",
    "LakeError",
    "UsageError",
    "__version__",
    "explain",
    "import_recording",
    "open_lake",
    "replay",
    "replay_all",
    "replay_on",
    "simulate",
    "state_at",
    "sweep",
    "warehouse",
    "what_if",
]
