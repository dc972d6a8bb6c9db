"""The figures of a Python peer: import peers; peers.main(), with PEER FIGURE ARGUMENT..., prints one JSON object.

Each peer has its own default start method (fork for Pool, ProcessPoolExecutor and MPIRE; fork+exec for loky), and is
given state in the best way it knows: an initializer, shared_objects, or a worker's state.
"""
import json
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor


def noop(n):
    return n


def stamp(path):
    with open(path, "w") as file:
        file.write(str(time.monotonic_ns()))


def since_stamp(path):
    with open(path) as file:
        return (time.monotonic_ns() - int(file.read())) * 1e-6


def dies(path):
    stamp(path)
    os.kill(os.getpid(), signal.SIGKILL)


def hangs(path):
    stamp(path)
    time.sleep(60)


# The peers behind one interface: map, apply, and what a worker has before its first task.

class Peer:
    def close(self):
        self.pool.shutdown()

    def map(self, function, items, chunk=None):
        return list(self.pool.map(function, items, chunksize=chunk or 1))

    def lazy(self, function, items, chunk=None):
        return None

    def apply(self, function, argument):
        return self.pool.submit(function, argument).result()


class PoolPeer(Peer):
    def __init__(self, workers, initializer=None, arguments=()):
        self.pool = multiprocessing.Pool(workers, initializer, arguments)

    def map(self, function, items, chunk=None):
        return self.pool.map(function, items, chunksize=chunk)

    def lazy(self, function, items, chunk=None):
        return self.pool.imap_unordered(function, items, chunksize=chunk or 1)

    def apply(self, function, argument):
        return self.pool.apply(function, (argument,))

    def close(self):
        self.pool.close()
        self.pool.join()


class ExecutorPeer(Peer):
    def __init__(self, workers, initializer=None, arguments=()):
        self.pool = ProcessPoolExecutor(workers, initializer=initializer, initargs=arguments)


class LokyPeer(Peer):
    def __init__(self, workers, initializer=None, arguments=()):
        import loky
        self.pool = loky.ProcessPoolExecutor(workers, initializer=initializer, initargs=arguments)


class MpirePeer(Peer):
    def __init__(self, workers, **options):
        import mpire
        self.pool = mpire.WorkerPool(workers, keep_alive=True, **options)

    def map(self, function, items, chunk=None, **options):
        return self.pool.map(function, items, chunk_size=chunk, **options)

    def lazy(self, function, items, chunk=None):
        return self.pool.imap_unordered(function, items, chunk_size=chunk)

    def apply(self, function, argument, **options):
        return self.pool.apply(function, (argument,), **options)

    def close(self):
        self.pool.stop_and_join()


PEERS = {"Pool": PoolPeer, "Executor": ExecutorPeer, "loky": LokyPeer, "MPIRE": MpirePeer}


def first_word(connection):
    connection.send(time.monotonic_ns())


def start(peer, count):
    if peer != "Pool":  # the others use its processes, or none under these methods
        return {}
    result = {}
    for method in ("forkserver", "spawn"):
        context = multiprocessing.get_context(method)
        for i in range(count + 1):
            here, there = context.Pipe()
            begin = time.monotonic_ns()
            process = context.Process(target=first_word, args=(there,))
            process.start()
            took = (here.recv() - begin) * 1e-6
            process.join()
            if i > 0:  # the first one starts the fork server too
                result.setdefault(method, []).append(took)
    return result


def life(peer, count, workers):
    result = []
    for _ in range(count):
        begin = time.perf_counter()
        pool = PEERS[peer](workers)
        pool.apply(noop, 1)
        pool.close()
        result.append((time.perf_counter() - begin) * 1e3)
    return {"life": result}


def dispatch(peer, count, singles, workers):
    result = {}
    # Executors know no chunks of their own: their default is 1.
    for name, chunk, tasks in (("map", None, count), ("single", 1, singles)):
        pool = PEERS[peer](workers)
        pool.map(noop, range(1000))
        begin = time.perf_counter()
        assert len(pool.map(noop, range(tasks), chunk)) == tasks
        result[name] = [(time.perf_counter() - begin) * 1e6 / tasks]
        pool.close()
        pool = PEERS[peer](workers)  # MPIRE's workers fail when one pool has a map of another kind
        items = pool.lazy(noop, range(1000), chunk)
        if items is not None:
            assert sum(1 for _ in items) == 1000
            begin = time.perf_counter()
            assert sum(1 for _ in pool.lazy(noop, range(tasks), chunk)) == tasks
            result["lazy" if name == "map" else "single_lazy"] = [(time.perf_counter() - begin) * 1e6 / tasks]
        pool.close()
    return result


def round_trip(peer, count, workers):
    pool = PEERS[peer](workers)
    pool.map(noop, range(1000))
    result = []
    for i in range(count):
        begin = time.perf_counter()
        pool.apply(noop, i)
        result.append((time.perf_counter() - begin) * 1e6)
    pool.close()
    return {"apply": result}


def death(peer, count, workers, path):
    if peer == "Pool":  # waits for the lost result for ever: it was watched for three seconds
        pool = multiprocessing.Pool(workers)
        try:
            pool.apply_async(dies, (path,)).get(3)
        except multiprocessing.TimeoutError:
            pool.terminate()
            return {"death": [None]}
    result = []
    for _ in range(count if peer != "MPIRE" else 1):
        pool = PEERS[peer](workers)
        pool.map(noop, range(100))
        try:
            pool.map(dies, [path])
        except BaseException:
            result.append(since_stamp(path))
        if peer != "MPIRE":
            pool.close()
    return {"death": result}


def timeout(peer, count, workers, limit, path):
    if peer != "MPIRE":  # only the wait has a limit, the task goes on
        return {}
    result = []
    for _ in range(min(count, 3)):
        pool = MpirePeer(workers)
        pool.map(noop, range(100))
        try:
            pool.map(hangs, [path], task_timeout=limit)
        except BaseException:
            result.append(since_stamp(path) - limit * 1e3)
    return {"timeout": result}


def pss(pid, field="Pss:"):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(field)) / 1024
    except OSError:
        return 0


def read_shared(shared, hold):
    byte = shared[len(shared) // 2]
    assert byte == 1
    at = time.monotonic_ns()
    time.sleep(hold)
    return at, os.getpid()


GLOBAL = None


def set_global(value):
    global GLOBAL
    GLOBAL = value


def read_global(hold):
    return read_shared(GLOBAL, hold)


def read_all(shared, hold):
    result = sum(shared[::4096])
    time.sleep(hold)
    return result


def read_all_global(hold):
    return read_all(GLOBAL, hold)


def shared(peer, megabytes, workers):
    if peer not in ("Pool", "MPIRE"):
        return {}
    big = bytearray(b"\1") * (megabytes << 20)
    before = pss("self")
    begin = time.monotonic_ns()
    if peer == "MPIRE":
        pool, read, all_of = MpirePeer(workers, shared_objects=big), read_shared, read_all
    else:
        pool, read, all_of = PoolPeer(workers, set_global, (big,)), read_global, read_all_global
    seen = pool.map(read, [0.3] * workers, 1)
    took = (max(at for at, _ in seen) - begin) * 1e-6
    pids = {pid for _, pid in seen}
    pool.map(all_of, [0.3] * workers, 1)
    added = sum(pss(pid) for pid in pids | {os.getpid()}) - before
    pool.close()
    return {"shared_and_made": [took] if len(pids) == workers else [], "added_mib": [added]}


# MPIRE's own three workloads. Each task tells how long it computed, as ours do.

SIDE, FILTER, OUT = 512, 5, 508


def numbers_in(path):
    import numpy
    return numpy.fromfile(path)


def convolve(image, kernel):
    begin = time.perf_counter()
    import numpy
    result = numpy.zeros((OUT, OUT))
    for y in range(FILTER):
        for x in range(FILTER):
            result += kernel[y * FILTER + x] * image[y:y + OUT, x:x + OUT]
    return time.perf_counter() - begin, result[::5, ::5]


def convolve_global(kernel):
    return convolve(GLOBAL, kernel)


def count(counts, document):
    begin = time.perf_counter()
    for word in document.split():
        for length in range(1, len(word) + 1):
            counts[word[:length]] += 1
    return time.perf_counter() - begin


def count_in_state(state, document):
    return count(state.setdefault("counts", Counter()), document)


def give_counts(state):
    return state.get("counts", Counter())


def count_and_return(document):
    """Pool and executors cannot ask each worker for its state at the end: what was counted goes back with each task."""
    counts = Counter()
    return count(counts, document), counts


def load_model(path):
    weights = numbers_in(path)
    sizes, model, at = (64, 128, 128, 10), [], 0
    for rows, columns in zip(sizes, sizes[1:]):
        model.append(weights[at:at + rows * columns].reshape(rows, columns))
        at += rows * columns
    return model


def predict(model, values):
    begin = time.perf_counter()
    import numpy
    for weights in model[:-1]:
        values = numpy.maximum(values @ weights, 0)
    best = int((values @ model[-1]).argmax())
    return time.perf_counter() - begin, best


def predict_global(values):
    return predict(GLOBAL, values)


def load_global(path):
    set_global(load_model(path))


def load_state(state, path):
    state["model"] = load_model(path)


def predict_in_state(state, values):
    return predict(state["model"], values)


def chunk_of(peer, items, workers):
    return max(1, len(items) // (4 * workers)) if peer in ("Executor", "loky") else None  # as Pool's default


def convolution(peer, data, workers):
    image = numbers_in(f"{data}/image").reshape(SIDE, SIDE)
    kernels = list(numbers_in(f"{data}/filters").reshape(-1, FILTER * FILTER))
    if peer == "MPIRE":
        pool = MpirePeer(workers, shared_objects=image)
        done = pool.map(convolve_one, [(kernel,) for kernel in kernels])
    else:
        pool = PEERS[peer](workers, set_global, (image,))
        done = pool.map(convolve_global, kernels, chunk_of(peer, kernels, workers))
    pool.close()
    return sum(took for took, _ in done), sum(float(part.sum()) for _, part in done)


def convolve_one(image, kernel):
    return convolve(image, kernel)


def documents(peer, data, workers):
    with open(f"{data}/documents") as file:
        lines = file.read().splitlines()
    total = Counter()
    if peer == "MPIRE":
        pool = MpirePeer(workers, use_worker_state=True)
        compute = sum(pool.map(count_in_state, lines, worker_exit=give_counts))
        pool.close()
        for counts in pool.pool.get_exit_results():
            total.update(counts)
    else:
        pool = PEERS[peer](workers)
        compute = 0
        for took, counts in pool.map(count_and_return, lines, chunk_of(peer, lines, workers)):
            compute += took
            total.update(counts)
        pool.close()
    return compute, sum(value * value % 1009 for value in total.values())


def prediction(peer, data, workers):
    inputs = list(numbers_in(f"{data}/inputs").reshape(-1, 64))
    if peer == "MPIRE":
        import functools
        pool = MpirePeer(workers, use_worker_state=True)
        done = pool.map(predict_in_state, [(values,) for values in inputs], worker_init=functools.partial(load_state, path=f"{data}/model"))
    else:
        pool = PEERS[peer](workers, load_global, (f"{data}/model",))
        done = pool.map(predict_global, inputs, chunk_of(peer, inputs, workers))
    pool.close()
    return sum(took for took, _ in done), sum(best for _, best in done)


def work(peer, name, data, workers):
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import numpy  # before the clock starts, and under fork before the workers
    assert numpy
    begin = time.perf_counter()
    compute, check = {"convolution": convolution, "documents": documents, "prediction": prediction}[name](peer, data, workers)
    wall = time.perf_counter() - begin
    return {"wall": [wall * 1e3], "compute": [compute * 1e3], "overhead": [(wall - compute / workers) * 1e3], "check": [check]}


def main():
    peer, figure, *words = sys.argv[1:]
    arguments = [int(word) if word.isdigit() else float(word) if word.replace(".", "", 1).isdigit() else word for word in words]
    functions = {"start": start, "life": life, "dispatch": dispatch, "round-trip": round_trip, "death": death, "timeout": timeout, "shared": shared, "work": work}
    print("\n" + json.dumps(functions[figure](peer, *arguments)), flush=True)
    os._exit(0)  # what a peer leaves behind after a death is not waited for
