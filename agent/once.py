"""Parts that are made when they are first needed: once, whichever thread asks first."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, Protocol, Self, TypeVar, overload

T_co = TypeVar("T_co", covariant=True)


class Holder(Protocol):
    """An object with such parts.

    Attributes:
        root: who holds the parts that are shared: itself, unless it is a view of another.
        making: held while a part is made.
    """

    root: Any
    making: RLock


class once(Generic[T_co]):  # noqa: N801 - used like ``property``
    """A part of its own: a method that makes it, read like an attribute. Assigning replaces it."""

    shared = False

    def __init__(self, make: Callable[[Any], T_co]) -> None:
        self._make, self._name, self.__doc__ = make, make.__name__, make.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Holder, owner: type) -> T_co: ...

    def __get__(self, instance: Holder | None, owner: type) -> Self | T_co:
        # Not a data descriptor: what lies in the instance's ``__dict__`` is found first from then on.
        if instance is None:
            return self
        holder: Holder = instance.root if self.shared else instance
        with holder.making:
            if self._name not in vars(holder):
                vars(holder)[self._name] = self._make(holder)
            part: T_co = vars(holder)[self._name]
            return part


class shared(once[T_co]):  # noqa: N801 - used like ``property``
    """A part that all views of an object have in common, such as a model."""

    shared = True
