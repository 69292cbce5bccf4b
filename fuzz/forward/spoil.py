"""python3 fuzz/forward/spoil.py MILLISECONDS: signs whatever comes to mind, and spoils it."""

import hashlib, hmac, os, pathlib, random, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "forward"))
sys.dont_write_bytecode = True
from verify import verify


def sign(secret, at, body):
    return f"t={at},v1=" + hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def spoilt(header):
    at = random.randrange(len(header))
    return random.choice([
        lambda: None,
        lambda: "",
        lambda: header + ", " + header,
        lambda: header + "\n",
        lambda: " " + header,
        lambda: header.upper(),
        lambda: header[:at],
        lambda: header[:at] + chr(random.randrange(0xD000)) + header[at + 1:],
        lambda: header.replace("v1=", "v0="),
        lambda: "t=" + random.choice(["", "-1", "1e9", "9" * 12, "9" * 400, "٣"]) + header[header.index(","):],
        lambda: header[:header.index("v1=") + 3] + os.urandom(random.randrange(80)).hex(),
    ])()


def hold(expected, *what):
    if verify(*what) is not expected:
        sys.exit(f"should be {expected}: {what}")


until, rounds = time.monotonic() + int(sys.argv[1]) / 1000, 0
while time.monotonic() < until or rounds < 100:
    secret = random.choice(["s", "ключ", os.urandom(random.randrange(1, 200)).hex()])
    body = random.choice([b"", os.urandom(random.randrange(300)), '{"a":"🔑"}'.encode()])
    at = int(time.time()) + random.randrange(-290, 290)
    header = sign(secret, at, body)
    hold(True, secret, header, body)
    hold(False, secret + "x", header, body)
    hold(False, secret, header, body + b"\0")
    hold(False, secret, header.replace(f"t={at}", f"t={at + 1}"), body)
    other = spoilt(header)
    if other != header:
        hold(False, secret, other, body)
    stale = at + random.choice([-1000, 1000])
    hold(False, secret, sign(secret, stale, body), body)
    rounds += 1
print(rounds, "rounds")
