from omnilive.core.masking import STARS, masked, masked_value


def test_passwords_and_tokens_in_addresses():
    assert masked("rtsp://me:pa:s@host/a") == "rtsp://me:***@host/a"
    assert masked("https://h/a?x=1&api_key=abc#b") == "https://h/a?x=1&api_key=***#b"
    assert masked("https://h/keyboard?monkey=1") == "https://h/keyboard?monkey=1"


def test_values_of_settings():
    turn = {"urls": ["turn:host?transport=udp"], "username": "me", "credential": "s3cret"}
    assert masked_value([turn]) == [turn | {"credential": STARS}]
    assert masked_value(("http://a:b@c/v1", 3, None)) == ["http://a:***@c/v1", 3, None]
    assert masked_value("a token=here is no address") == "a token=here is no address"
