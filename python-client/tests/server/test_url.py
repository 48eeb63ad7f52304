"""What URLs say, and what is wrong with those that cannot be used."""

import re
import traceback

import pytest
import redis

from celery_task_tracker.checks import check_settings
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.connection import connect
from celery_task_tracker.server.errors import TrackerUnavailable
from celery_task_tracker.server.url import Address, RedisUrl, without_password, wrong_with


def test_several_servers_are_named_with_or_without_their_ports():
    url = "redis+cluster://user:pa%40ss@h1:7000,h2,[::1]:7001/?socket_timeout=1"
    found = RedisUrl.of(url)
    assert found.addresses == (Address("h1", 7000), Address("h2", 6379), Address("::1", 7001))
    assert (found.options["username"], found.options["password"]) == ("user", "pa@ss")


@pytest.mark.parametrize(
    "url",
    [None, 7, "", "localhost", "http://h", "redis+cluster://", "redis+cluster://h1,,h2",
     "redis+sentinel://h1/", "redis+sentinel://h1/main/x", "redis://h:port", "redis+cluster://h:x",
     "redis://[::1", "redis+cluster://h1,[::1", "redis:/h", "redis", "redis://h1,h2",
     "redis+cluster://h/1", "redis+cluster://h?db=1", "redis://h/one", "redis://h/-1",
     "unix://run/redis.sock", "unix://", "redis+socket:///r.sock?virtual_host=x"],
)  # fmt: skip
def test_a_url_that_cannot_be_used_says_why(url):
    assert wrong_with(url)


@pytest.mark.parametrize(
    "url",
    ["redis://", "rediss://u:p@h:1/2", "unix:///run/redis.sock", "redis+cluster://h1,h2:7000",
     "rediss+cluster://u:p@h1", "redis+cluster://u:p@h1,[::1]:7001", "redis://:p@/0", "redis://h/",
     "redis+sentinel://h1:26379,h2/main/3", "redis+sentinel://h1/main", "redis+cluster://h/0",
     "unix://u:p@/run/redis.sock?db=1", "redis://h?client_name=shop&health_check_interval=30",
     "redis://h?socket_timeout=1&socket_keepalive=no&max_connections=3&protocol=3"],
)  # fmt: skip
def test_these_can_be_used(url):
    assert wrong_with(url) is None


@pytest.mark.parametrize(
    "option",
    ["no_such_option=1", "ssl_cert_reqs=sometimes", "ssl_min_version=1", "ssl_ciphers=none",
     "socket_timeout=soon", "socket_timeout=-1", "socket_connect_timeout=nan", "protocol=9",
     "max_connections=-1", "db=x", "retry=1", "retry_on_error=x", "redis_connect_func=x",
     "credential_provider=x", "parser_class=x", "connection_class=x", "decode_responses=1",
     "ssl_include_verify_flags=NO_SUCH"],
)  # fmt: skip
@pytest.mark.parametrize("url", ["rediss://h", "rediss+cluster://h", "rediss+sentinel://h/main"])
def test_an_option_that_redis_py_would_refuse_is_refused_before_anything_is_asked(url, option):
    assert wrong_with(f"{url}?{option}")
    with pytest.raises(ValueError, match="must be a URL that"):
        connect(f"{url}?{option}", 0.1, 0.1)


@pytest.mark.parametrize("url", ["redis://h", "unix:///r.sock", "redis+cluster://h"])
def test_an_option_of_tls_needs_a_url_with_tls(url):
    assert "rediss" in wrong_with(f"{url}?ssl_cert_reqs=none")


def test_an_option_that_a_clusters_client_would_ignore_is_refused():
    assert wrong_with("rediss+cluster://h?ssl_ciphers=HIGH")


@pytest.mark.parametrize("mode", ["none", "optional", "required"])
@pytest.mark.parametrize("spelling", ["{}", "CERT_{}", "cert_{}"])
@pytest.mark.parametrize("upper", [True, False])
def test_certificates_are_asked_for_in_the_words_of_redis_py_and_of_celery(mode, spelling, upper):
    value = spelling.format(mode.upper() if upper else mode)
    options = RedisUrl.of(f"rediss://h:6379/0?ssl_cert_reqs={value}").options
    assert options["ssl_cert_reqs"] == mode
    assert options.get("ssl_check_hostname", True) == (mode != "none")
    if mode != "none":
        assert wrong_with(f"rediss+cluster://h?ssl_cert_reqs={value}") is None


def test_a_url_from_a_file_may_end_with_a_line_break():
    assert RedisUrl.of("redis://h/2\n") == RedisUrl.of("redis://h/2")


def test_celerys_url_of_a_socket_is_that_of_redis_py():
    ours = RedisUrl.of("redis+socket:///run/r.sock?virtual_host=2")
    assert ours == RedisUrl.of("unix:///run/r.sock?db=2")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://", "redis://"),
        ("redis://h:1/2?client_name=a", "redis://h:1/2?client_name=a"),
        ("redis://:wo@rd@h:1", "redis://:***@h:1"),
        ("redis://word@h:1", "redis://***@h:1"),
        ("redis+cluster://me:wo%2Frd@h1:1,h2:2", "redis+cluster://me:***@h1:1,h2:2"),
        ("unix:///run/r.sock?db=1&password=word&username=y",
         "unix:///run/r.sock?db=1&password=***&username=y"),
        ("rediss://h?ssl_password=word", "rediss://h?ssl_password=***"),
        ("redis+cluster://me:wo/rd@h1:1,h2:2", "***"),
    ],
)  # fmt: skip
def test_a_url_is_shown_without_its_password(url, shown):
    assert without_password(url) == shown


#: What people type who do not know that a password has to be escaped, or where it stands.
MISTYPED = [
    "redis://me:hunter/fish@h:6379/0",
    "redis://me:2718/2818fish@h/0",
    "redis://me:hunter?fish@h:6379/0",
    "redis://me:2718?fish@h/0",
    "redis://me:2718?wo=rd@h/0",
    "redis://me:hunter#fish@h:6379/0",
    "redis://me:2718#fish@h/0",
    "redis://me:hunter[fish@h:6379/0",
    "redis://me:hunterfish:h:6379/0",
    "redis://h:6379:hunterfish",
    "redis://h:hunterfish/0",
    "redis://h/0/me:hunterfish",
    "redis:/me:hunterfish@h",
    "redis//me:hunterfish@h",
    "me:hunterfish@h",
    "redis://h?fish=hunterfish",
    "redis://h?protocol=hunterfish",
    "rediss://h?ssl_cert_reqs=hunterfish",
    "redis+cluster://me:hunter/fish@h1,h2",
    "redis+cluster://me:hunter,fish:h1,h2",
    "redis+cluster://me:hunterfish@h1,,h2",
    "redis+sentinel://me:hunter/fish@h1,h2/main",
    "redis+sentinel://me:2718/fish@h1,h2/main/0",
    "redis+sentinel://h1/main/hunterfish",
    "unix://me:hunter/fish@/run/redis.sock",
    "unix://me:hunterfish@run/redis.sock",
    "redis+socket:///run/r.sock?virtual_host=hunterfish",
]


@pytest.mark.parametrize("url", MISTYPED)
def test_nothing_of_a_mistyped_url_is_repeated_anywhere(url, settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = url
    (message,) = check_settings()
    with pytest.raises(TrackerUnavailable) as raised:
        get_client()
    told = [message.msg, message.hint, without_password(url)]
    # A traceback in a log shows what an error came from.
    told += traceback.format_exception(raised.value)
    for text in told:
        assert not re.search("hunter|fish|2718|2818|me:", text)


@pytest.mark.parametrize("character", "%/?#@:[]&=+ ,")
def test_a_password_with_any_character_can_be_written_with_its_escape(character):
    password = f"a{character}b"
    for form in ("redis://me:{}@h/1", "redis+cluster://me:{}@h,i", "redis+sentinel://me:{}@h/main"):
        url = form.format(password.replace(character, f"%{ord(character):02X}"))
        assert RedisUrl.of(url).options["password"] == password
        assert without_password(url) == form.format("***")


@pytest.mark.parametrize("url", ["redis://me:pass/word@h", "redis://me:pa#ss@h", "redis://:a?b@h"])
def test_a_password_that_breaks_its_url_is_told_how_to_be_written(url):
    assert "%2F %3F %23 %40" in wrong_with(url)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [("rediss://h", redis.SSLConnection), ("redis://h", redis.Connection),
     ("unix:///r.sock", redis.UnixDomainSocketConnection)],
)  # fmt: skip
def test_a_client_that_has_asked_nothing_yet_has_what_the_url_says(url, wanted):
    pool = connect(f"{url}?client_name=shop&db=2", 0.1, 0.2).connection_pool
    assert pool.connection_class is wanted
    assert pool.connection_kwargs["socket_timeout"] == 0.2
    assert pool.connection_kwargs["db"] == 2
