"""What is stored of an exception that Celery hands over."""

import pytest
from celery.exceptions import MaxRetriesExceededError, SoftTimeLimitExceeded, TimeLimitExceeded
from celery.utils.serialization import UnpickleableExceptionWrapper, get_pickleable_exception

from celery_task_tracker.recording.failure import Failure
from shop.tasks import Unpicklable, UnpicklableLookup


@pytest.mark.parametrize(
    ("exception", "name", "error"),
    [
        (Unpicklable(7, "no"), "Unpicklable", "7: no"),
        (UnpicklableLookup("k", where="the shop"), "UnpicklableLookup", "k is not in the shop"),
    ],
)
def test_an_exception_that_celery_replaced_is_the_one_that_is_being_handled(exception, name, error):
    try:
        raise exception
    except Exception:
        failure = Failure.of(get_pickleable_exception(exception))
    assert (failure.exception, failure.error) == (name, error)
    assert "raise exception" in failure.traceback


def test_so_is_one_that_caused_a_retry():
    try:
        raise Unpicklable(7, "no")
    except Unpicklable as exception:
        replaced = get_pickleable_exception(exception)
        try:
            raise RuntimeError("a retry") from exception
        except RuntimeError:
            failure = Failure.of_raised(replaced)
    assert (failure.exception, failure.error) == ("Unpicklable", "7: no")


def test_a_wrapped_exception_that_nobody_handles_any_more_has_its_name_and_arguments():
    wrapper = UnpickleableExceptionWrapper.from_exception(Unpicklable(7, "no"))
    for failure in (Failure.of(wrapper, "a traceback"), Failure.of_raised(wrapper)):
        assert (failure.exception, failure.error) == ("Unpicklable", "7")
    assert Failure.of(wrapper, "a traceback").traceback == "a traceback"


def test_an_exception_of_a_base_class_is_not_taken_for_the_one_that_caused_it():
    try:
        raise ConnectionError("gone")
    except ConnectionError as cause:
        same_arguments = OSError(*cause.args)
        assert Failure.of(same_arguments).exception == "OSError"
        try:
            raise same_arguments from cause
        except OSError:
            failure = Failure.of(same_arguments)
    assert failure.exception == "OSError"


def test_retries_that_ran_out_do_not_show_the_arguments():
    exception = MaxRetriesExceededError(
        "Can't retry shop.pay[id-1] args:('hunter2',) kwargs:{}", task_args=("hunter2",)
    )
    failure = Failure.of(exception, traceback=f"Traceback\nMaxRetriesExceededError: {exception}\n")
    assert failure.error == "Can't retry shop.pay[id-1]"
    assert "hunter2" not in failure.traceback
    assert "MaxRetriesExceededError" in failure.traceback


@pytest.mark.parametrize(
    ("exception", "error"),
    [
        (SoftTimeLimitExceeded(), "Ran longer than its soft time limit"),
        (TimeLimitExceeded(30), "Ran longer than its time limit of 30 s"),
    ],
)
def test_the_error_of_a_time_limit_is_a_sentence(exception, error):
    assert Failure.of(exception).error == error


def test_a_password_in_a_url_is_in_neither_the_error_nor_the_traceback():
    try:
        raise ConnectionError("no answer of redis://ada:hunter2@host:6379")
    except ConnectionError as exception:
        failure = Failure.of_raised(exception)
    assert failure.error == "no answer of redis://ada:[redacted]@host:6379"
    assert "hunter2" not in failure.traceback
