"""Programs that need nothing of the world: a real interpreter prints the same, in real time."""

from __future__ import annotations

from tests.guest.cases import Case, case, timed

PLAIN: dict[str, Case] = {
    "sleep": timed(
        """
        print(t())
        time.sleep(0.3)
        print(t())
        time.sleep(0)
        try:
            time.sleep(-1)
        except ValueError as error:
            print(error)
        try:
            time.sleep("1")
        except TypeError as error:
            print(type(error).__name__)
        """,
        """
        0.0
        0.3
        sleep length must be non-negative
        TypeError
        """,
    ),
    "threads": timed(
        """
        import threading
        def work(name, pause):
            for step in range(2):
                time.sleep(pause)
                print(t(), name, step, threading.current_thread().name, threading.main_thread().name)
        crew = [threading.Thread(target=work, args=each) for each in (("a", 0.2), ("b", 0.3))]
        for member in crew:
            member.start()
        print(threading.active_count(), crew[0].is_alive())
        crew[0].join(0.1)
        print(t(), crew[0].is_alive())
        for member in crew:
            member.join()
        print(t(), threading.active_count(), crew[0].is_alive())
        class Mine(threading.local):
            kind = "mine"
            def __init__(self, size):
                self.size = size
        local = Mine(3)
        local.size += 1
        def look():
            print(local.kind, local.size)
        other = threading.Thread(target=look)
        other.start()
        other.join()
        print(local.size)
        """,
        """
        3 True
        0.1 True
        0.2 a 0 Thread-1 (work) MainThread
        0.3 b 0 Thread-2 (work) MainThread
        0.4 a 1 Thread-1 (work) MainThread
        0.6 b 1 Thread-2 (work) MainThread
        0.6 1 False
        mine 3
        4
        """,
    ),
    "locks": timed(
        """
        import threading
        lock = threading.Lock()
        def hold():
            with lock:
                time.sleep(0.3)
        threading.Thread(target=hold).start()
        print(lock.locked(), lock.acquire(False), lock.acquire(timeout=0.1), t())
        with lock:
            print(t())
        try:
            lock.release()
        except RuntimeError as error:
            print(error)
        again = threading.RLock()
        with again, again:
            print("twice")
        event = threading.Event()
        threading.Timer(0.2, event.set).start()
        print(event.wait(0.1), event.wait(), t())
        condition = threading.Condition()
        def tell():
            with condition:
                condition.notify_all()
        threading.Timer(0.1, tell).start()
        with condition:
            print(condition.wait(5), t())
        barrier = threading.Barrier(2)
        threading.Thread(target=barrier.wait).start()
        barrier.wait()
        semaphore = threading.BoundedSemaphore(1)
        print(semaphore.acquire(), semaphore.acquire(timeout=0.1), t())
        """,
        """
        True False False 0.1
        0.3
        release unlocked lock
        twice
        False True 0.5
        True 0.6
        True False 0.7
        """,
    ),
    "queues": timed(
        """
        import queue, sched, threading
        from concurrent.futures import ThreadPoolExecutor
        tasks = queue.Queue(maxsize=1)
        def worker():
            while True:
                item = tasks.get()
                time.sleep(0.2)
                print(t(), item)
                tasks.task_done()
        threading.Thread(target=worker, daemon=True).start()
        for item in "abc":
            tasks.put(item)
        tasks.join()
        try:
            queue.SimpleQueue().get(timeout=0.1)
        except queue.Empty:
            print(t(), "empty")
        def square(x):
            time.sleep(0.1 * x)
            return x * x
        with ThreadPoolExecutor(2) as pool:
            print(list(pool.map(square, [2, 1, 1])), t())
        scheduler = sched.scheduler(time.monotonic, time.sleep)
        scheduler.enter(0.2, 1, lambda: print(t(), "later"))
        scheduler.enter(0.1, 1, lambda: print(t(), "sooner"))
        scheduler.run()
        """,
        """
        0.2 a
        0.4 b
        0.6 c
        0.7 empty
        [4, 1, 1] 0.9
        1.0 sooner
        1.1 later
        """,
    ),
    "pairs and polls": timed(
        """
        import os, select, selectors, socket, threading
        one, other = socket.socketpair()
        print(select.select([one], [], [], 0.1), t())
        def speak():
            time.sleep(0.1)
            other.sendall(b"hello")
        threading.Thread(target=speak).start()
        print(len(select.select([one], [], [])[0]), t(), one.recv(3), one.recv(3))
        poller = select.poll()
        poller.register(one, select.POLLIN)
        print(poller.poll(100), t())
        other.send(b"x")
        print(poller.poll(100) == [(one.fileno(), select.POLLIN)])
        chooser = selectors.DefaultSelector()
        chooser.register(one, selectors.EVENT_READ, "data")
        [(key, events)] = chooser.select()
        print(key.data, events == selectors.EVENT_READ, key.fileobj is one)
        one.recv(1)
        print(chooser.select(0), chooser.select(0.1), t())
        one.settimeout(0.1)
        try:
            one.recv(1)
        except TimeoutError as error:
            print(error, t())
        one.setblocking(False)
        try:
            one.recv(1)
        except BlockingIOError as error:
            print(error)
        other.close()
        print(one.recv(1))
        try:
            one.send(b"x")
        except BrokenPipeError as error:
            print(error)
        one.close()
        try:
            one.recv(1)
        except OSError as error:
            print(error, one.fileno())
        """,
        """
        ([], [], []) 0.1
        1 0.2 b'hel' b'lo'
        [] 0.3
        True
        data True True
        [] [] 0.4
        timed out 0.5
        [Errno 11] Resource temporarily unavailable
        b''
        [Errno 32] Broken pipe
        [Errno 9] Bad file descriptor -1
        """,
    ),
    "the order of what is ready": case(
        """
        import select, socket
        (a, a2), (b, b2), (c, c2) = (socket.socketpair() for _ in range(3))
        epoll = select.epoll()
        names = {a.fileno(): "a", b.fileno(): "b", c.fileno(): "c"}
        for each in (a, b, c):
            epoll.register(each, select.EPOLLIN)
        def look():
            print(*(names[number] for number, _ in epoll.poll(0.01)), sep="", end=".\\n")
        c2.send(b"1"), a2.send(b"1"), c2.send(b"2")
        look()
        b2.send(b"1")
        look()
        c.recv(9)
        look()
        c2.send(b"3")
        look()
        a.recv(9), b.recv(9), c.recv(9)
        look()
        epoll.modify(b, select.EPOLLOUT), epoll.modify(a, select.EPOLLOUT)
        look()
        epoll.modify(b, select.EPOLLIN)
        look()
        epoll.modify(b, select.EPOLLOUT)
        look()
        epoll.unregister(a), epoll.register(a, select.EPOLLOUT)
        look()
        """,
        """
        ca.
        cab.
        ab.
        abc.
        .
        ba.
        a.
        ab.
        ba.
        """,
    ),
    "listening to itself": timed(
        """
        import socket, threading
        listener = socket.create_server(("127.0.0.1", 0))
        def answer():
            connection, _ = listener.accept()
            with connection, connection.makefile("rw") as lines:
                for line in lines:
                    lines.write(line.upper())
                    lines.flush()
        threading.Thread(target=answer).start()
        with socket.create_connection(listener.getsockname()) as client, client.makefile("rw") as lines:
            lines.write("one\\n")
            lines.flush()
            print(lines.readline(), end="")
            client.shutdown(socket.SHUT_WR)
            print(repr(lines.readline()))
        """,
        """
        ONE
        ''
        """,
    ),
    "logging": case(
        """
        import logging
        logging.warning("before %s", "all")
        logging.getLogger().handlers.clear()
        form = "%(levelname)s %(name)s %(filename)s %(funcName)s %(message)s"
        logging.basicConfig(level=logging.INFO, format=form)
        logger = logging.getLogger("shop")
        def sell():
            logger.info("sold %d", 3)
            logger.debug("unseen")
        sell()
        """,
        """
        ! WARNING:root:before all
        ! INFO shop student.py sell sold 3
        """,
    ),
    "threads that outlive main": timed(
        """
        import atexit, threading
        atexit.register(print, "at exit")
        def work():
            time.sleep(0.2)
            print(t(), "done")
        threading.Thread(target=work).start()
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        print("main ends")
        """,
        """
        main ends
        0.2 done
        at exit
        """,
    ),
    "exit status": case("import sys\nprint('x', end='')\nsys.exit(3)\n", "x\n", 3),
    "exit with words": case("import sys\nsys.exit('no broker')\n", "! no broker\n", 1),
    "exit at once": case(
        """
        import atexit, os, sys
        atexit.register(print, "never")
        try:
            print("seen")
            sys.stdout.flush()
            os._exit(4)
        finally:
            print("never")
        """,
        "seen\n",
        4,
    ),
    "exit in a thread": case(
        """
        import sys, threading
        thread = threading.Thread(target=sys.exit, args=(9,))
        thread.start()
        thread.join()
        print("on")
        """,
        "on\n",
    ),
    "letting go": case(
        """
        class Thing:
            def __del__(self):
                print("gone")
        thing = Thing()
        print("end")
        """,
        "end\ngone\n",
    ),
    "arguments": case("import sys\nprint(sys.argv[1:], __name__)\n", "['tasks', '3'] __main__\n"),
    "printing": case(
        """
        import sys
        print("Grüße ✓ 消息")
        print("a", end="")
        print("b", flush=True, end="")
        sys.stdout.write("c\\n")
        sys.stdout.flush()
        sys.stdout.buffer.write("d\\n".encode())
        print("e", file=sys.stderr)
        try:
            print("\\ud800")
        except UnicodeEncodeError as error:
            print(error.reason)
        print("no end of line", end="")
        """,
        """
        Grüße ✓ 消息
        abc
        d
        ! e
        surrogates not allowed
        no end of line
        """,
    ),
    "dates": case(
        """
        import datetime, time
        from datetime import date, datetime as dt, timedelta, timezone
        now = dt.now()
        print(isinstance(now, datetime.datetime), isinstance(now, date), type(now).__name__)
        since = (dt.now(timezone.utc) - now.astimezone()).total_seconds()
        print(abs(now.timestamp() - time.time()) < 60, abs(since) < 60)
        print(repr(dt(2024, 2, 29, 12) + timedelta(days=1)), dt(2024, 2, 29).date(), date.min < now.date())
        print(dt.fromisoformat("2024-01-02T03:04:05"), dt.strptime("5", "%S").second, repr(date(2024, 1, 2)))
        print(dt.fromtimestamp(0, timezone.utc).isoformat(), dt.combine(date(2024, 1, 2), datetime.time(3)))
        print(time.strftime("%Y", time.gmtime(0)), time.mktime(time.localtime(5)), issubclass(dt, date))
        """,
        """
        True True datetime
        True True
        datetime.datetime(2024, 3, 1, 12, 0) 2024-02-29 True
        2024-01-02 03:04:05 5 datetime.date(2024, 1, 2)
        1970-01-01T00:00:00+00:00 2024-01-02 03:00:00
        1970 5.0 True
        """,
    ),
    "signals": timed(
        """
        import os, signal, threading
        def note(number, frame):
            print(t(), signal.Signals(number).name)
        before = signal.signal(signal.SIGTERM, note)
        print(before == signal.SIG_DFL, signal.getsignal(signal.SIGINT) is signal.default_int_handler)
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        time.sleep(0.3)
        print(t())
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            print("interrupted", t())
        """,
        """
        True True
        0.0 SIGTERM
        0.1 SIGTERM
        0.3
        interrupted 0.3
        """,
    ),
    "much output": case(
        "for number in range(20000):\n    print('line', number)\n",
        "".join(f"line {number}\n" for number in range(20000)),
    ),
}
