import os
import signal

import pytest

from limner.core.drawing import StepProgress
from limner.faces.watching import watching


def test_ctrl_c_asks_to_stop():
    with watching(is_quiet=True) as watch:
        os.kill(os.getpid(), signal.SIGINT)
        assert watch.is_cancelled()


def test_a_second_ctrl_c_stops_the_program():
    with watching(is_quiet=True):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_signal_is_given_back():
    before = signal.getsignal(signal.SIGINT)
    with watching(is_quiet=True):
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_nothing_is_shown_where_stderr_is_no_terminal(capsys):
    with watching(is_quiet=False) as watch:
        watch.on_start(1)
        watch.on_step(
            StepProgress(step=1, num_steps=2, num_images_done=0, batch_size=1, num_images=1)
        )
    assert capsys.readouterr().err == ""
