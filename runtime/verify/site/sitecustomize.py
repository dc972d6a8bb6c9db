# Put before the program's own path by forklint's observer; see runtime/verify/README.md. Compiling what it brings takes some
# milliseconds in every interpreter of a run: the first one keeps it beside the source for the others.
import sys

_kept, sys.dont_write_bytecode = sys.dont_write_bytecode, False
try:
    import forklint_observer
finally:
    sys.dont_write_bytecode = _kept
    sys.modules.pop("forklint_observer", None)
    del _kept
