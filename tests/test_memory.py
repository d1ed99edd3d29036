"""qlib.memory: what is freed goes back to the system, and rings are collected."""

import ctypes
import sys
import weakref

import pytest

from qlib import memory


class Ring:
    """An object that refers to itself."""

    def __init__(self):
        self.me = self


def test_what_refers_to_itself_is_freed():
    gone = weakref.ref(Ring())
    memory.give_back()
    assert gone() is None


def test_where_the_c_library_cannot_be_asked_nothing_happens(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("it was asked"))
    memory.give_back()


def test_a_c_library_without_the_function_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    memory.trim()
