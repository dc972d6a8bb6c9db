# What forklint's observer does in every interpreter of a run; see runtime/verify/README.md. CPython 3.6 to 3.15. It imports nothing
# that a starting interpreter has not loaded anyway, so that the program's imports happen as without it.
import sys


def _forklint():
    import os
    import _thread

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if p != here]
    environ = os.environ
    events = environ.get("FORKLINT_EVENTS")
    if not events:
        return

    def record(*words):
        text = "\t".join([str(w).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "") for w in words])
        try:
            fd = os.open(events, os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))
            try:
                os.write(fd, (text[:3000] + "\n").encode("utf-8", "replace"))
            finally:
                os.close(fd)
        except OSError:
            pass

    def failed(how, kind, value):
        try:
            message = str(value)[:400]
        except Exception:
            message = ""
        record("exception", os.getpid(), how, getattr(kind, "__name__", "?"), message)

    try:
        with open("/proc/self/cmdline", "rb") as file:
            command = file.read(600).replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        command = ""
    record("python", os.getpid(), os.getppid(), "%d.%d.%d" % sys.version_info[:3], command)

    # Every fresh process has a hash seed of its own, as without us, but the same one in each run.
    def next_seed():
        seed = environ.get("FORKLINT_SEED")
        if seed and environ.get("PYTHONHASHSEED") == seed:
            environ["FORKLINT_SEED"] = environ["PYTHONHASHSEED"] = str((int(seed) * 7 + 3) % 4000000007 % 4294967295)

    next_seed()

    # Stacks on a signal, without the interpreter's lock: of all threads, which is safe when they all sleep; of the one that gets it.
    try:
        import faulthandler
        fd = os.open(events + ".stacks", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(fd, 913, False)
        os.close(fd)
        number = int(environ.get("FORKLINT_SIGNAL", "62"))
        faulthandler.register(number, file=913, all_threads=True, chain=False)
        faulthandler.register(number - 1, file=913, all_threads=False, chain=False)
    except Exception:
        pass

    # Where the interpreter and multiprocessing keep counts that no program sees, as ranges of addresses, when a signal asks for it:
    # the caches in code objects, and what a Condition counts about those who wait for it.
    def tell_unseen(number, frame):
        import gc
        try:
            ranges = []
            synchronize = sys.modules.get("multiprocessing.synchronize")
            code_type, function_type = type(tell_unseen.__code__), type(tell_unseen)
            todo = []
            for frame in list(sys._current_frames().values()):
                while frame is not None:
                    todo.append(frame.f_code)
                    frame = frame.f_back
            for thing in gc.get_objects():
                if type(thing) is function_type:
                    todo.append(thing.__code__)
                elif synchronize and issubclass(type(thing), synchronize.Condition):
                    for name in ("_sleeping_count", "_woken_count"):
                        inner = thing.__dict__[name]._semlock
                        ranges += [(id(inner), type(inner).__basicsize__), (inner.handle, 32)]
            seen = set()
            while todo:
                code = todo.pop()
                if id(code) not in seen:
                    seen.add(id(code))
                    size = code_type.__basicsize__ + (len(code.co_code) if code_type.__itemsize__ else 0)
                    ranges.append((id(code), size))
                    todo += [c for c in code.co_consts if type(c) is code_type]
            path = "%s.unseen.%d" % (events, os.getpid())
            with open(path + ".new", "w") as file:
                file.write("".join(["%x %x\n" % (at, at + size) for at, size in sorted(ranges)]))
            os.rename(path + ".new", path)
        except Exception:
            pass

    try:
        import _signal
        _signal.signal(int(environ.get("FORKLINT_SIGNAL", "62")) - 2, tell_unseen)
    except Exception:
        pass

    old_hook = sys.excepthook

    def excepthook(kind, value, trace):
        failed("ended", kind, value)
        old_hook(kind, value, trace)

    sys.excepthook = excepthook

    # What is done to a module when the program imports it.
    def on_context(module):
        method = environ.get("FORKLINT_START_METHOD")
        if method:
            try:
                module._default_context._default_context = module._concrete_contexts[method]
            except (AttributeError, KeyError):
                record("refused", os.getpid(), "start method " + method)

    def on_process(module):
        start = module.BaseProcess.start

        def starting(self):
            main = "threading" not in sys.modules or sys.modules["threading"].current_thread() is sys.modules["threading"].main_thread()
            try:
                result = start(self)
            except BaseException:
                record("start", os.getpid(), 0, getattr(self, "_start_method", "") or "", int(main))
                raise
            popen = getattr(self, "_popen", None)
            try:  # the pipe that the server of forks closes when the child has ended
                end = os.readlink("/proc/self/fd/%d" % popen.sentinel)
            except Exception:
                end = ""
            record("start", os.getpid(), getattr(popen, "pid", 0) or 0, getattr(popen, "method", ""), int(main), end)
            return result

        starting.__name__ = "start"
        starting.__qualname__ = "BaseProcess.start"
        starting.__doc__ = start.__doc__
        module.BaseProcess.start = starting

    def on_util(module):
        spawn = getattr(module, "spawnv_passfds", None)
        if spawn:
            def spawnv_passfds(path, args, passfds):
                next_seed()
                return spawn(path, args, passfds)
            module.spawnv_passfds = spawnv_passfds

    def on_traceback(module):
        print_exc = module.print_exc

        def printing(*args, **keywords):
            caller = sys._getframe(1)
            where = caller.f_code.co_name
            if caller.f_globals.get("__name__", "").startswith("multiprocessing."):
                kind, value = sys.exc_info()[:2]
                failed({"_bootstrap": "ended", "_on_queue_feeder_error": "feeder"}.get(where, "printed"), kind, value)
            return print_exc(*args, **keywords)

        module.print_exc = printing

    def on_threading(module):
        hook = getattr(module, "excepthook", None)
        if hook:
            def thread_hook(args):
                if args.exc_type is not SystemExit:
                    failed("thread", args.exc_type, args.exc_value)
                hook(args)
            module.excepthook = thread_hook
        if lines:
            module.settrace(trace)

    patches = {"multiprocessing.context": on_context, "multiprocessing.process": on_process, "multiprocessing.util": on_util,
               "traceback": on_traceback, "threading": on_threading}

    class Hook:
        def find_spec(self, name, path=None, target=None):
            patch = patches.pop(name, None)
            if patch is None:
                return None
            spec = None
            for finder in list(sys.meta_path):
                find = getattr(finder, "find_spec", None) if finder is not self else None
                spec = find(name, path, target) if find else None
                if spec is not None:
                    break
            loader = getattr(spec, "loader", None)
            run = getattr(loader, "exec_module", None)
            if run is None or isinstance(loader, type):
                return spec

            def exec_module(module):
                run(module)
                patch(module)

            try:
                loader.exec_module = exec_module
            except AttributeError:
                pass
            return spec

    # Lines whose execution is asked for: only in a run of its own, because tracing changes the speed of everything.
    lines = set()
    for item in filter(None, environ.get("FORKLINT_LINES", "").split("\n")):
        path, _, number = item.rpartition(":")
        lines.add((path, int(number)))
    wanted = {}

    def trace(frame, event, arg):
        name = frame.f_code.co_filename
        path = wanted.get(name)
        if path is None:
            full = os.path.abspath(name)
            path = wanted[name] = full if any(full == p for p, _ in lines) else ""
        return trace_lines if path else None

    def trace_lines(frame, event, arg):
        place = (wanted[frame.f_code.co_filename], frame.f_lineno)
        if place in lines:
            lines.discard(place)
            record("reached", os.getpid(), "%s:%d" % place)
        return trace_lines

    if lines:
        sys.settrace(trace)

    # A fork waits until another thread is inside of a lock: what depends on luck otherwise.
    lock_types = (_thread.LockType, _thread.RLock)
    budget = [float(environ.get("FORKLINT_FORCE_MS") or 0) / 1000.0]
    each = budget[0] / 3
    sections = []
    for item in filter(None, environ.get("FORKLINT_FORCE_LINES", "").split("\n")):
        path, _, number = item.rpartition(":")
        sections.append((path, int(number)))

    def is_held(lock):
        if isinstance(lock, _thread.RLock):
            if lock._is_owned():
                return False
            if lock.acquire(False):
                lock.release()
                return False
            return True
        return lock.locked()

    def locks_of(names, prefix, found):
        for name, value in list(names.items())[:300]:
            if isinstance(value, lock_types) and name != "_tstate_lock":  # which every running thread holds
                found.setdefault(id(value), (prefix + name, value))

    # Locks in sight: globals of the program's modules, locals of other threads, and attributes of what these hold.
    def locks_in_sight(frames):
        found = {}
        spaces = []
        for name, module in [("__main__", sys.modules.get("__main__"))] + list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name == "__main__" or (file and "/lib/python" not in file and not file.startswith(here)):
                spaces.append((name + ".", getattr(module, "__dict__", {})))
        for frame in frames:
            while frame is not None:
                spaces.append(("", frame.f_locals))
                frame = frame.f_back
        if sys.version_info < (3, 8) and "logging" in sys.modules:
            spaces.append(("logging.", {str(i): r() for i, r in enumerate(sys.modules["logging"]._handlerList)}))
        for prefix, names in spaces[:200]:
            names = dict(names)
            locks_of(names, prefix, found)
            for name, value in list(names.items())[:300]:
                inner = getattr(value, "__dict__", None)
                if isinstance(inner, dict) and not isinstance(value, (type, type(sys))):
                    locks_of(inner, prefix + name + ".", found)
        return found

    def inside(frames):
        for frame in frames:
            while frame is not None:
                code = frame.f_code
                for path, line in sections:  # on its first line itself a thread still waits, or has just left
                    if code.co_firstlineno <= line < frame.f_lineno and os.path.abspath(code.co_filename) == path:
                        return True
                frame = frame.f_back
        return not sections

    def others():
        me = _thread.get_ident()
        return [frame for ident, frame in sys._current_frames().items() if ident != me]

    def before_fork():
        import time
        frames = others()
        if not frames:
            return
        until = time.monotonic() + min(each, budget[0])
        begun = time.monotonic()
        waited = False
        held = []
        try:
            while True:
                locks = locks_in_sight(frames)
                held = [name for name, lock in locks.values() if is_held(lock)]
                # Without a lock to wait for, waiting would only let threads end that are to be alive at the fork. A section that
                # nobody enters is given up for any lock.
                now = time.monotonic()
                late = now >= until
                if not locks or not frames or (held and (late or inside(frames))) or now >= until + (0.3 if sections else 0):
                    break
                waited = True
                frames = None
                time.sleep(0.0005)
                frames = others()
        except Exception:
            pass
        budget[0] -= time.monotonic() - begun
        record("pyfork", os.getpid(), len(sys._current_frames()), int(waited and bool(held)), ",".join(held[:8]))

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before_fork)
    else:
        real_fork = os.fork

        def fork():
            before_fork()
            return real_fork()

        os.fork = fork

    sys.meta_path.insert(0, Hook())
    for name in list(patches):
        if name in sys.modules:
            patches.pop(name)(sys.modules[name])

    # The sitecustomize that would have been loaded without us.
    for finder in list(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        spec = find("sitecustomize", sys.path) if find and not isinstance(finder, Hook) else None
        if spec is not None and spec.loader is not None:
            module = type(sys)("sitecustomize")
            module.__spec__, module.__file__, module.__loader__ = spec, spec.origin, spec.loader
            sys.modules["sitecustomize"] = module
            spec.loader.exec_module(module)
            break


try:
    _forklint()
finally:
    del _forklint
