"""Programs that use the world: the services of `stage`, its clock, its ways to fail. Printed lines are worked
out by hand."""

from __future__ import annotations

from tests.guest.cases import Case, case, timed

WORLDLY: dict[str, Case] = {
    "echo": timed(
        """
        import socket
        with socket.create_connection(("localhost", 7), timeout=5) as echo:
            echo.sendall(b"one")
            echo.sendall(b"two")
            print(echo.recv(100), round(time.monotonic() - _began, 6))
            echo.shutdown(socket.SHUT_WR)
            print(echo.recv(100), echo.recv(100))
            try:
                echo.send(b"x")
            except BrokenPipeError as error:
                print(error)
        """,
        """
        b'onetwo' 0.002
        b'bye\\n' b''
        [Errno 32] Broken pipe
        """,
    ),
    "refused and unknown": timed(
        """
        import socket
        for address in (("localhost", 8), ("nowhere", 7), ("10.9.8.7", 7)):
            try:
                socket.create_connection(address)
            except OSError as error:
                print(type(error).__name__, error)
        probe = socket.socket()
        probe.setblocking(False)
        print(probe.connect_ex(("127.0.0.1", 8)))
        import select
        _, writable, _ = select.select([], [probe], [], 1)
        print(writable == [probe], probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        probe.close()
        probe = socket.socket()
        probe.setblocking(False)
        print(probe.connect_ex(("127.0.0.1", 7)), select.select([], [probe], [], 0))
        select.select([], [probe], [])
        print(probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), probe.getpeername())
        """,
        """
        ConnectionRefusedError [Errno 111] Connection refused
        gaierror [Errno -2] Name or service not known
        ConnectionRefusedError [Errno 111] Connection refused
        115
        True 111
        115 ([], [], [])
        0 ('127.0.0.1', 7)
        """,
    ),
    "orders": timed(
        """
        import socket
        def connect():
            s = socket.create_connection(("broker", 9))
            return s, s.recv(100)
        s, hello = connect()
        print(hello)
        s.sendall(b"say last\\nreset\\n")
        time.sleep(0.1)
        print(s.recv(100))
        for _ in range(2):
            try:
                print(s.recv(100))
            except ConnectionResetError as error:
                print(error)
        try:
            s.send(b"x")
        except BrokenPipeError as error:
            print(error)
        s, _ = connect()
        s.sendall(b"close\\n")
        print(s.recv(100), s.send(b"more\\n"))
        time.sleep(0.1)
        try:
            s.send(b"x")
        except ConnectionResetError as error:
            print(error)
        s, _ = connect()
        s.sendall(b"burst 3000000\\n")
        total = 0
        while total < 3000000:
            total += len(s.recv(65536))
        print(total)
        s.settimeout(0.5)
        began = time.monotonic()
        try:
            s.recv(1)
        except socket.timeout as error:
            print(error, time.monotonic() - began)
        """,
        """
        b'ready\\n'
        b'last\\n'
        [Errno 104] Connection reset by peer
        b''
        [Errno 32] Broken pipe
        b'' 5
        [Errno 104] Connection reset by peer
        3000000
        timed out 0.5
        """,
    ),
    "the world's clock": case(
        """
        import time
        from datetime import date, datetime, timezone
        print(time.time(), time.time_ns(), time.perf_counter(), datetime.now(), date.today())
        time.sleep(1.5)
        print(time.time(), time.time_ns(), time.perf_counter_ns(), datetime.now(timezone.utc))
        print(time.ctime())
        """,
        """
        1767225600.0 1767225600000000000 1000.0 2026-01-01 00:00:00 2026-01-01
        1767225601.5 1767225601500000000 1001500000000 2026-01-01 00:00:01.500000+00:00
        Thu Jan  1 00:00:01 2026
        """,
    ),
    "asyncio": case(
        """
        import asyncio, time
        async def tick(pause):
            for _ in range(2):
                await asyncio.sleep(pause)
                print(time.monotonic() - began, pause)
        async def main():
            reader, writer = await asyncio.open_connection("localhost", 7)
            writer.write(b"hi")
            print(await reader.read(10))
            writer.close()
            await asyncio.gather(tick(1), tick(0.75))
            print(await asyncio.to_thread(lambda: time.sleep(2) or "slept"))
            try:
                async with asyncio.timeout(1):
                    await asyncio.Event().wait()
            except TimeoutError:
                print(round(time.monotonic() - began, 2))
        began = time.monotonic() + 0.0019998550415039062
        asyncio.run(main())
        """,
        """
        b'hi'
        0.75 0.75
        1.0 1
        1.5 0.75
        2.0 1
        slept
        5.0
        """,
    ),
    "input": case(
        """
        import sys
        print(repr(sys.stdin.read()))
        input("Name?")
        """,
        """
        ''
        Name?
        ! Traceback (most recent call last):
        !   File "student.py", line 3, in <module>
        !     input("Name?")
        ! EOFError: input() has nobody to ask: a program in virtual time has no keyboard. Give it a \
file with its lines (--stdin NAME=FILE), take the value from sys.argv, or write it into the program.
        """,
        1,
    ),
    "a failure": case(
        """
        import json
        def read(text):
            return json.JSONDecoder(strict=False).raw_decode(text)
        try:
            1 / 0
        except ZeroDivisionError:
            read("[")  # a bracket alone
        """,
        """
        ! Traceback (most recent call last):
        !   File "student.py", line 7, in <module>
        !     read("[")  # a bracket alone
        !   File "student.py", line 3, in read
        !     return json.JSONDecoder(strict=False).raw_decode(text)
        ! json.decoder.JSONDecodeError: Expecting value: line 1 column 2 (char 1)
        """,
        1,
    ),
    "a failure in a thread": case(
        """
        import threading
        class Broken(Exception): pass
        def work():
            raise Broken("here")
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()
        print("on")
        """,
        """
        ! Exception in thread worker:
        ! Traceback (most recent call last):
        !   File "student.py", line 4, in work
        !     raise Broken("here")
        ! Broken: here
        on
        """,
    ),
    "a slip of the pen": case(
        "print('never')\ndef f(:\n    pass\n",
        """
        !   File "student.py", line 2
        !     def f(:
        ! SyntaxError: invalid syntax
        """,
        1,
    ),
    "chance": case(
        """
        import os, random, secrets, uuid
        first = random.Random("7/student/random")
        print(random.random() == first.random(), random.choice("abc") == first.choice("abc"))
        entropy = random.Random("7/student/urandom")
        print(os.urandom(4) == entropy.randbytes(4))
        print(uuid.uuid4() == uuid.UUID(bytes=entropy.randbytes(16), version=4))
        print(secrets.token_hex(4) == entropy.randbytes(4).hex(), uuid.uuid1().time)
        """,
        """
        True True
        True
        True
        True 139865184000000000
        """,
    ),
}
