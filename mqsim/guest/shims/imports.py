"""A guest's `import`: the program's own files, the guest's own modules, and the interpreter's for the rest.

As in a real run, a file beside the program comes first, but for what is built into the interpreter.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import sys
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from mqsim.guest.shims import dispatch as hooks
from mqsim.guest.shims.interpreter import refuse
from mqsim.guest.shims.modules import MADE, is_own, make, refuse_what_is_done_without
from mqsim.guest.shims.multiprocessing import NO_PROCESSES
from mqsim.guest.shims.stdio import ask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mqsim.guest.kernel.runtime import Runtime

_compiled: dict[tuple[str, str], CodeType] = {}
_COMPILED_MOST = 500


def compiled(source: str, path: str) -> CodeType:
    """The code of a file of a program; two hundred workers of one file compile it once."""
    key = (path, source)
    code = _compiled.get(key)
    if code is None:
        if len(_compiled) >= _COMPILED_MOST:
            _compiled.clear()
        code = _compiled[key] = compile(source, path, "exec", dont_inherit=True)
    return code


class Importer:
    """The imports of one guest.

    Args:
        runtime: the guest.

    Attributes:
        builtins: what `__builtins__` is in the program's own files.
        library_builtins: the same for what is executed afresh of the standard library.
        main: the program's `__main__`.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._folder = runtime.program.folder
        self._own: dict[str, ModuleType] = {}
        self._not_own: set[str] = set()
        self.builtins: dict[str, Any] = {
            **builtins.__dict__,
            "__import__": self.for_program,
            "input": ask,
        }
        self.library_builtins = {**builtins.__dict__, "__import__": self.for_library}
        self.main = self._own["__main__"] = ModuleType("__main__")
        package = runtime.program.module.rpartition(".")[0]
        self.main.__dict__.update(__file__=runtime.program.path, __builtins__=self.builtins)
        self.main.__dict__["__package__"] = package or None

    # -- what takes the place of __import__ ------------------------------------------------------------------

    def for_program(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """`__import__` of the program's own files."""
        return self._import(name, globals, fromlist or (), level, own_files=True)

    def for_library(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """`__import__` of what is executed afresh of the standard library."""
        if not level:
            refuse_what_is_done_without(name)
        return self._import(name, globals, fromlist or (), level, own_files=False)

    def import_module(self, name: str, package: str | None = None) -> ModuleType:
        """The guest's `importlib.import_module`."""
        return self._load(importlib.util.resolve_name(name, package), own_files=True)

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None,
        fromlist: Sequence[str],
        level: int,
        own_files: bool,
    ) -> ModuleType:
        if level:
            package = (globals or {}).get("__package__") or (globals or {}).get("__name__", "")
            if not package or package == "__main__":
                raise ImportError("attempted relative import with no known parent package")
            name = importlib.util.resolve_name("." * level + name, package)
        top = name.partition(".")[0]
        refuse(top)
        if top == "multiprocessing" and name not in MADE:
            raise ImportError(f"{name}: {NO_PROCESSES}", name=name)
        if not self._is_mine(top, own_files) and not is_own(name):
            module = builtins.__import__(name, None, None, tuple(fromlist), 0)
            hooks.adopt_all()
            if not self._parts_are_mine(name, fromlist):
                return module
        module = self._load(name, own_files)
        if not fromlist:
            return self._load(top, own_files)
        self._load_parts(module, name, fromlist, own_files)
        return module

    def _parts_are_mine(self, name: str, fromlist: Sequence[str]) -> bool:
        return any(is_own(f"{name}.{part}") for part in fromlist)

    def _load_parts(self, module: ModuleType, name: str, fromlist: Sequence[str], own_files: bool) -> None:
        parts = getattr(module, "__all__", ()) if "*" in fromlist else fromlist
        if not hasattr(module, "__path__"):
            return
        for part in parts:
            if is_own(f"{name}.{part}") or not hasattr(module, part):
                try:
                    self._load(f"{name}.{part}", own_files)
                except ModuleNotFoundError as error:
                    if error.name != f"{name}.{part}":
                        raise

    def show(self, visible: bool) -> None:
        """Have `sys.modules` name the program's own modules, or no more.

        `dataclasses`, `pickle` and others look up there, by its name, the module that a class comes from.
        What is there already stays: it belongs to the interpreter.
        """
        for name, module in self._own.items():
            if visible:
                sys.modules.setdefault(name, module)
            elif sys.modules.get(name) is module:
                del sys.modules[name]

    # -- finding ---------------------------------------------------------------------------------------------

    def _is_mine(self, top: str, own_files: bool) -> bool:
        return is_own(top) or top == "importlib" or (own_files and self._is_file(top))

    def _is_file(self, top: str) -> bool:
        if top in self._own:
            return True
        if top in self._not_own or top in sys.builtin_module_names or not self._folder:
            return False
        if self._locate(top, [self._folder]) is not None:
            return True
        self._not_own.add(top)
        return False

    @staticmethod
    def _locate(tail: str, folders: Sequence[str]) -> tuple[str, bool] | None:
        """The file of a module, and whether it is a package's; a folder alone has an empty one."""
        for folder in folders:
            base = os.path.join(folder, tail)
            if os.path.isfile(os.path.join(base, "__init__.py")):
                return os.path.join(base, "__init__.py"), True
            if os.path.isfile(base + ".py"):
                return base + ".py", False
        return None

    def _load(self, name: str, own_files: bool) -> ModuleType:
        """The module of that full name, and with it the packages that it is in."""
        parent, _, tail = name.rpartition(".")
        holder = self._load(parent, own_files) if parent else None
        module = self._find(name, tail, holder, own_files)
        shows = parent not in MADE or name in MADE
        if holder is not None and shows and holder.__dict__.get(tail) is not module:
            setattr(holder, tail, module)
        return module

    def _find(self, name: str, tail: str, holder: ModuleType | None, own_files: bool) -> ModuleType:
        top = name.partition(".")[0]
        if own_files and self._is_file(top):
            return self._own[name] if name in self._own else self._execute(name, tail, holder)
        modules = self._runtime.modules
        if name in modules:
            return modules[name]
        if name == "importlib":
            return self._own_importlib()
        if is_own(name):
            return make(self._runtime, name)
        return importlib.import_module(name)

    def _own_importlib(self) -> ModuleType:
        module = self._runtime.modules["importlib"] = ModuleType("importlib", importlib.__doc__)
        module.__dict__.update(
            {**importlib.__dict__, "import_module": self.import_module, "__import__": self.for_program}
        )
        return module

    def _execute(self, name: str, tail: str, holder: ModuleType | None) -> ModuleType:
        """Execute a file of the program's own."""
        folders = [self._folder] if holder is None else list(getattr(holder, "__path__", ()))
        found = self._locate(tail, folders)
        if found is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        path, is_package = found
        with open(path, "rb") as file:
            source = importlib.util.decode_source(file.read())
        self._runtime.sources[path] = source.splitlines()
        module = ModuleType(name)
        module.__dict__.update(
            __file__=path,
            __package__=name if is_package else name.rpartition(".")[0],
            __builtins__=self.builtins,
        )
        if is_package:
            module.__path__ = [os.path.dirname(path)]
        self._own[name] = module
        self.show(True)
        try:
            exec(compiled(source, path), module.__dict__)
        except BaseException:
            self._own.pop(name, None)
            if sys.modules.get(name) is module:
                del sys.modules[name]
            raise
        return module
