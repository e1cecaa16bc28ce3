"""HTTP to servers of this machine: a proxy of who runs the tests has no part in it."""
import urllib.request

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def urlopen(url, timeout):
    """As urllib.request.urlopen(): an address or a Request."""
    return OPENER.open(url, timeout=timeout)
