#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Known answers for the protocol, from the text of the protocol alone.

Everything here is written from Documentation/protocol.rst and the RFCs that
it names, with Python's integers and hashlib (BLAKE2b, SHA-512) and nothing of
the C code. So when the C code gives the same bytes, the text is sufficient.

Usage: vectors.py            print the vectors as JSON
       vectors.py FILE       compare with FILE; status 1 if they differ
"""
import hashlib
import json
import struct
import sys

P = 2 ** 255 - 19


# ---------------------------------------------------------------- primitives

def blake2b(*parts, key=b"", salt=b"", person=b""):
    """BLAKE2b with 32 bytes of output (RFC 7693)."""
    return hashlib.blake2b(b"".join(parts), digest_size=32, key=key,
                           salt=salt, person=person).digest()


def x25519(scalar, u):
    """The function X25519 (RFC 7748, section 5)."""
    k = bytearray(scalar)
    k[0] &= 248
    k[31] &= 127
    k[31] |= 64
    k = int.from_bytes(k, "little")
    x1 = (int.from_bytes(u, "little") & (2 ** 255 - 1)) % P
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = (x2 + z2) % P, (x2 - z2) % P
        c, d = (x3 + z3) % P, (x3 - z3) % P
        da, cb = d * a % P, c * b % P
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        aa, bb = a * a % P, b * b % P
        e = (aa - bb) % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def base_point():
    """The base point of Ed25519, with even x (RFC 8032, section 5.1)."""
    xx = (BASE_Y ** 2 - 1) * pow(D * BASE_Y ** 2 + 1, P - 2, P)
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x & 1:
        x = P - x
    return (x, BASE_Y)


def point_add(p, q):
    """Addition on the twisted Edwards curve, affine."""
    (x1, y1), (x2, y2) = p, q
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P)


def point_mul(n, p):
    """n times p."""
    r = (0, 1)
    while n:
        if n & 1:
            r = point_add(r, p)
        p = point_add(p, p)
        n >>= 1
    return r


def point_bytes(p):
    """The encoding of a point: y, and the low bit of x on top."""
    return (p[1] | (p[0] & 1) << 255).to_bytes(32, "little")


def ed25519_expand(seed):
    """The secret scalar and the prefix of a seed."""
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little")
    return (a & (2 ** 254 - 8)) | 2 ** 254, h[32:]


def ed25519_public(seed):
    """The public key of a seed."""
    return point_bytes(point_mul(ed25519_expand(seed)[0], base_point()))


def ed25519_sign(seed, message):
    """A signature (RFC 8032, section 5.1.6)."""
    a, prefix = ed25519_expand(seed)
    public = ed25519_public(seed)

    def h(*parts):
        d = hashlib.sha512(b"".join(parts)).digest()
        return int.from_bytes(d, "little") % L

    r = h(prefix, message)
    big_r = point_bytes(point_mul(r, base_point()))
    s = (r + h(big_r, public, message) * a) % L
    return big_r + s.to_bytes(32, "little")


def siphash(key, message):
    """SipHash-2-4 with 8 bytes of output, little-endian."""
    mask = 2 ** 64 - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
         k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

    def rotl(x, n):
        return (x << n | x >> (64 - n)) & mask

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & mask
            v[1] = rotl(v[1], 13) ^ v[0]
            v[0] = rotl(v[0], 32)
            v[2] = (v[2] + v[3]) & mask
            v[3] = rotl(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & mask
            v[3] = rotl(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & mask
            v[1] = rotl(v[1], 17) ^ v[2]
            v[2] = rotl(v[2], 32)

    pad = -(len(message) + 1) % 8
    data = message + bytes(pad) + bytes([len(message) & 255])
    for (m,) in struct.iter_unpack("<Q", data):
        v[3] ^= m
        rounds(2)
        v[0] ^= m
    v[2] ^= 0xff
    rounds(4)
    return struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


def chacha20(key, counter, nonce):
    """One block of ChaCha20's key stream (RFC 8439, section 2.3)."""
    start = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
             *struct.unpack("<8I", key), counter, *struct.unpack("<3I", nonce)]
    x = list(start)

    def quarter(a, b, c, d):
        for to, by, mix, turn in ((a, b, d, 16), (c, d, b, 12),
                                  (a, b, d, 8), (c, d, b, 7)):
            x[to] = (x[to] + x[by]) & 0xffffffff
            mixed = x[mix] ^ x[to]
            x[mix] = (mixed << turn | mixed >> (32 - turn)) & 0xffffffff

    for _ in range(10):
        for i in range(4):
            quarter(i, i + 4, i + 8, i + 12)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xffffffff
                                 for a, b in zip(x, start)))


def aead_seal(key, nonce, text, extra):
    """ChaCha20-Poly1305: ciphertext and tag (RFC 8439, section 2.8)."""
    stream = b"".join(chacha20(key, 1 + i, nonce)
                      for i in range(-(-len(text) // 64)))
    sealed = bytes(a ^ b for a, b in zip(text, stream))
    once = chacha20(key, 0, nonce)[:32]
    r = int.from_bytes(once[:16], "little") \
        & 0x0ffffffc0ffffffc0ffffffc0fffffff
    total = 0
    covered = (extra + bytes(-len(extra) % 16) + sealed
               + bytes(-len(sealed) % 16)
               + struct.pack("<QQ", len(extra), len(sealed)))
    for i in range(0, len(covered), 16):
        block = int.from_bytes(covered[i:i + 16] + b"\x01", "little")
        total = (total + block) * r % (2 ** 130 - 5)
    total += int.from_bytes(once[16:], "little")
    return sealed + (total & (2 ** 128 - 1)).to_bytes(16, "little")


def check_primitives():
    """The RFCs' own examples, so that a mistake here is seen here."""
    assert x25519(
        bytes.fromhex("a546e36bf0527c9d3b16154b82465edd"
                      "62144c0ac1fc5a18506a2244ba449ac4"),
        bytes.fromhex("e6db6867583030db3594c1a424b15f7c"
                      "726624ec26b3353b10a903a6d0ab1c4c")).hex() == (
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f"
                         "5b8a319f35aba624da8cf6ed4fb8a6fb")
    assert ed25519_public(seed).hex() == (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    assert ed25519_sign(seed, b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
    assert siphash(bytes(range(16)), bytes(range(15))) == struct.pack(
        "<Q", 0xa129ca6149be45e5)
    assert aead_seal(
        bytes(range(0x80, 0xa0)), bytes.fromhex("070000004041424344454647"),
        b"Ladies and Gentlemen of the class of '99: If I could offer you only "
        b"one tip for the future, sunscreen would be it.",
        bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))[-16:].hex() == (
            "1ae10b594f09e26a7e902ecbd0600691")


# ------------------------------------------------------------------ protocol

def identity(netid, public):
    """id = BLAKE2b-256("themis id v1" || u8 len(netid) || netid || key)"""
    return blake2b(b"themis id v1", bytes([len(netid)]), netid, public)


def kdf(master, number):
    """k_i, as libsodium's crypto_kdf_derive_from_key gives it."""
    return blake2b(key=master, salt=struct.pack("<QQ", number, 0),
                   person=b"themisv1" + bytes(8))


def agree(name, netid, psk, cookie, numbers):
    """One run of the protocol: every input, message and key."""
    seed_a, seed_b, secret_a, secret_b, nonce = numbers("seed a"), numbers(
        "seed b"), numbers("secret a"), numbers("secret b"), numbers("nonce")
    index_a = struct.unpack(">I", numbers("index a")[:4])[0]
    index_b = struct.unpack(">I", numbers("index b")[:4])[0]
    public_a, public_b = ed25519_public(seed_a), ed25519_public(seed_b)
    a, b = identity(netid, public_a), identity(netid, public_b)
    base = b"\x09" + bytes(31)
    share_a, share_b = x25519(secret_a, base), x25519(secret_b, base)
    padded = netid + bytes(32 - len(netid))

    # Message 1
    init = struct.pack(">BBH4sIBBBB", 1, 0, 0, b[:4], index_a, 1, 1,
                       len(netid), 0)
    init += padded + public_a + share_a + nonce
    init += ed25519_sign(seed_a, b"themis init v1" + init[8:144] + b)
    init += siphash(b[:16], init)
    init += cookie
    assert len(init) == 232

    # Message 2
    resp = struct.pack(">BBHIIBBH", 2, 0, 0, index_a, index_b, 1, 1, 0)
    resp += public_b + share_b
    resp += ed25519_sign(seed_b, b"themis resp v1" + resp[4:80] +
                         bytes([len(netid)]) + padded + nonce + a + share_a)
    shared = x25519(secret_a, share_b)
    assert shared == x25519(secret_b, share_a)
    h = blake2b(b"themis transcript v1", init[:208], b, resp[:144])
    master = blake2b(b"themis kdf v1", shared, h, key=psk)
    k1, k2, k3, k4 = (kdf(master, i) for i in (1, 2, 3, 4))
    confirm_b = blake2b(b"\x02", h, key=k3)
    resp += confirm_b
    assert len(resp) == 176

    # Message 3
    confirm_a = blake2b(b"\x03", nonce, h, key=k4)
    confirm = struct.pack(">BBHIII", 3, 0, 0, index_b, index_a, 0) + confirm_a
    assert len(confirm) == 48

    fields = {
        "seed_a": seed_a, "seed_b": seed_b, "netid": netid, "psk": psk,
        "public_a": public_a, "public_b": public_b, "id_a": a, "id_b": b,
        "secret_a": secret_a, "secret_b": secret_b,
        "share_a": share_a, "share_b": share_b, "nonce_a": nonce,
        "index_a": struct.pack(">I", index_a),
        "index_b": struct.pack(">I", index_b),
        "cookie": cookie, "init": init, "resp": resp, "confirm": confirm,
        "shared": shared, "transcript": h, "master": master,
        "k1": k1, "k2": k2, "k3": k3, "k4": k4,
        "confirm_a": confirm_a, "confirm_b": confirm_b,
    }
    return {"name": name, **{k: v.hex() for k, v in fields.items()}}


def refuse_of(name, netid, version, suite, reason, numbers):
    """REFUSE of a message 1 of any version and suite."""
    seed_a, seed_b = numbers("seed a"), numbers("seed b")
    public_a, public_b = ed25519_public(seed_a), ed25519_public(seed_b)
    a, b = identity(netid, public_a), identity(netid, public_b)
    index_a = numbers("index a")[:4]
    share_a = x25519(numbers("secret a"), b"\x09" + bytes(31))
    init = struct.pack(">BBH4s4sBBBB", 1, 0, 0, b[:4], index_a, version,
                       suite, len(netid), 0)
    init += netid + bytes(32 - len(netid)) + public_a + share_a
    init += numbers("nonce")
    init += ed25519_sign(seed_a, b"themis init v1" + init[8:144] + b)
    init += siphash(b[:16], init)
    init += bytes(16)

    refuse = struct.pack(">BBH4sBBB5x", 5, 0, 0, index_a, 1, 1, reason)
    refuse += public_b
    refuse += ed25519_sign(seed_b, b"themis refuse v1" + refuse[4:48] +
                           init[:208] + b)
    assert len(refuse) == 112
    fields = {"seed_a": seed_a, "seed_b": seed_b, "netid": netid,
              "public_a": public_a, "public_b": public_b,
              "id_a": a, "id_b": b, "message_1": init,
              "reason": bytes([reason]), "refuse": refuse}
    return {"name": name, **{k: v.hex() for k, v in fields.items()}}


def cookie_of(name, secret, address, port):
    """COOKIE for message 1 of index 0x01020304 from an address."""
    text = address + struct.pack(">H", port)
    cookie = siphash(secret[:16], text) + siphash(secret[16:], text)
    packet = struct.pack(">BBHI", 4, 0, 0, 0x01020304) + cookie
    return {"name": name, "secret": secret.hex(), "address": text.hex(),
            "cookie": cookie.hex(), "packet": packet.hex()}


def sealed_of(name, key, index, sequence, inner):
    """A sealed message: its inner header and message are given."""
    head = struct.pack(">BBHIQ", 16, 0, 0, index, sequence)
    nonce = bytes(4) + struct.pack("<Q", sequence)
    return {"name": name, "key": key.hex(), "plaintext": inner.hex(),
            "packet": (head + aead_seal(key, nonce, inner, head)).hex()}


def sealed():
    """One of each kind, under k_1 or k_2 of the first agreement."""
    first = agree("plain", b"mesh", bytes(32), bytes(16), numbers_of("plain"))
    k1, k2 = (bytes.fromhex(first[k]) for k in ("k1", "k2"))
    a, b = (int(first[k], 16) for k in ("index_a", "index_b"))

    def inner(source, destination, kind, rest=b""):
        return struct.pack(">HHBBH", source, destination, kind, 0, 0) + rest

    return [
        sealed_of("datagram", k1, b, 1, inner(4000, 9000, 0, b"hello")),
        sealed_of("command", k1, b, 2, inner(4000, 9000, 1, bytes(64))),
        sealed_of("response", k2, a, 1, inner(9000, 4000, 2, struct.pack(
            ">Q", 2) + b"done")),
        sealed_of("keepalive", k2, a, 2, inner(0, 0, 3)),
        sealed_of("notice", k2, a, 2 ** 40, inner(9001, 4000, 4)),
    ]


def numbers_of(name):
    """Fixed numbers that look random: hashes of what they are for."""
    return lambda what: hashlib.sha256(
        f"themis vector {name}: {what}".encode()).digest()


def vectors():
    """All of them."""
    check_primitives()
    return {"agreements": [
        agree("plain", b"mesh", bytes(32), bytes(16), numbers_of("plain")),
        agree("psk", b"production.example.net", bytes(range(32)), bytes(16),
              numbers_of("psk")),
        agree("longest netid, cookie", bytes(range(1, 33)), bytes(32),
              bytes(range(0xf0, 0x100)), numbers_of("longest")),
        agree("shortest netid", b"x", b"\xff" * 32, bytes(16),
              numbers_of("shortest")),
    ], "cookies": [
        cookie_of("IPv4", bytes(range(32)), bytes([192, 0, 2, 1]), 7000),
        cookie_of("IPv6", bytes(range(32, 64)), bytes.fromhex(
            "20010db8000000000000000000000001"), 65535),
    ], "refusals": [
        refuse_of("not listed", b"mesh", 1, 1, 1, numbers_of("unlisted")),
        refuse_of("denied", bytes(range(1, 33)), 1, 1, 2,
                  numbers_of("denied")),
        refuse_of("newer version", b"mesh", 2, 7, 3, numbers_of("version")),
        refuse_of("newer suite", b"x", 1, 2, 4, numbers_of("suite")),
    ], "sealed": sealed()}


def main():
    """Print, or compare."""
    text = json.dumps(vectors(), indent=1) + "\n"
    if len(sys.argv) < 2:
        sys.stdout.write(text)
        return 0
    with open(sys.argv[1], encoding="ascii") as file:
        if file.read() == text:
            return 0
    print(f"Error: {sys.argv[1]} is not what the protocol yields. Print it "
          "anew with vectors.py, and see what has changed.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
