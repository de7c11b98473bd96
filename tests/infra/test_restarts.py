"""Starting a child again, but not for ever."""

from infra.restarts import MOST, STEADY_S, Restarts


def test_pauses_double_until_it_gives_up() -> None:
    restarts = Restarts(clock=lambda: 100.0)

    pauses = [restarts.next_pause() for _ in range(MOST + 1)]

    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0, None]


def test_a_start_that_took_long_to_fail_is_no_steady_run() -> None:
    now = 100.0
    restarts = Restarts(clock=lambda: now)
    for _ in range(MOST):
        restarts.next_pause()
        now += STEADY_S + 1
        restarts.failed()

    assert restarts.next_pause() is None


def test_a_child_that_ran_steadily_is_started_at_once_again() -> None:
    now = 100.0
    restarts = Restarts(clock=lambda: now)
    for _ in range(MOST):
        restarts.next_pause()

    now += STEADY_S + 1

    assert restarts.next_pause() == 0.0
