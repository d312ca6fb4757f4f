// SPDX-License-Identifier: GPL-2.0
/* UDP: plain, through WireGuard, and under IPsec's ESP. */
#include <errno.h>
#include <resolv.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define WG_KEY		32
#define WG_KEY_TEXT	45
#define WG_PORT		"51820"

static int udp_open(struct bench_pair *pair)
{
	return sock_udp_pair(pair, BENCH_A, BENCH_B);
}

const struct bench_path path_udp = {
	.name	= "udp",
	.legible = true,
	.open	= udp_open,
};

static void wg_key(char *secret, char *public)
{
	unsigned char sk[WG_KEY], pk[WG_KEY];

	randombytes_buf(sk, sizeof(sk));
	sk[0] &= 248;
	sk[31] = (sk[31] & 127) | 64;
	crypto_scalarmult_base(pk, sk);
	sodium_bin2base64(secret, WG_KEY_TEXT, sk, sizeof(sk),
			  sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(public, WG_KEY_TEXT, pk, sizeof(pk),
			  sodium_base64_VARIANT_ORIGINAL);
	sodium_memzero(sk, sizeof(sk));
}

static int wg_side(enum bench_side side, const char *secret, const char *peer)
{
	const char *const argv[] = { "wg", "setconf", "wg0", "/dev/stdin",
				     NULL };
	const char *tun = side == SIDE_A ? BENCH_TUN_A : BENCH_TUN_B;
	const char *tun_peer = side == SIDE_A ? BENCH_TUN_B : BENCH_TUN_A;
	const char *to = side == SIDE_A ? BENCH_B : BENCH_A;
	char text[512];
	int err;

	err = world_ip(side, "link add wg0 type wireguard\n");
	if (err)
		return err;
	snprintf(text, sizeof(text),
		 "[Interface]\nListenPort = " WG_PORT "\nPrivateKey = %s\n"
		 "[Peer]\nPublicKey = %s\nAllowedIPs = %s/32\n"
		 "Endpoint = %s:" WG_PORT "\n", secret, peer, tun_peer, to);
	err = world_exec(side, text, argv);
	sodium_memzero(text, sizeof(text));
	if (err)
		return err;
	snprintf(text, sizeof(text),
		 "addr add %s/24 dev wg0\nlink set wg0 up\n", tun);
	return world_ip(side, text);
}

static int wg_setup(void)
{
	char secret[__SIDE_MAX][WG_KEY_TEXT], public[__SIDE_MAX][WG_KEY_TEXT];
	int err;

	wg_key(secret[SIDE_A], public[SIDE_A]);
	wg_key(secret[SIDE_B], public[SIDE_B]);
	err = wg_side(SIDE_A, secret[SIDE_A], public[SIDE_B]);
	if (!err)
		err = wg_side(SIDE_B, secret[SIDE_B], public[SIDE_A]);
	sodium_memzero(secret, sizeof(secret));
	return err;
}

static int wg_open(struct bench_pair *pair)
{
	return sock_udp_pair(pair, BENCH_TUN_A, BENCH_TUN_B);
}

const struct bench_path path_wireguard = {
	.name		= "wireguard",
	.modules	= "wireguard",
	.setup		= wg_setup,
	.open		= wg_open,
};

/* One direction's key, as ip wants it: 32 bytes and a salt of 4. */
static void esp_key(char *text)
{
	unsigned char key[36];

	randombytes_buf(key, sizeof(key));
	sodium_bin2hex(text, 2 * sizeof(key) + 1, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
}

#define ESP_STATE \
	"xfrm state add src %s dst %s proto esp spi %d mode transport replay-window 32 aead rfc7539esp(chacha20,poly1305) 0x%s 128\n"
#define ESP_POLICY \
	"xfrm policy add src %s/32 dst %s/32 dir %s tmpl proto esp mode transport\n"

static int esp_side(enum bench_side side, const char *ab, const char *ba)
{
	const char *out = side == SIDE_A ? "out" : "in";
	const char *in = side == SIDE_A ? "in" : "out";
	char text[2048];
	int err;

	snprintf(text, sizeof(text), ESP_STATE ESP_STATE ESP_POLICY ESP_POLICY,
		 BENCH_A, BENCH_B, 0x100, ab, BENCH_B, BENCH_A, 0x101, ba,
		 BENCH_A, BENCH_B, out, BENCH_B, BENCH_A, in);
	err = world_ip(side, text);
	sodium_memzero(text, sizeof(text));
	return err;
}

static int esp_setup(void)
{
	char ab[73], ba[73];
	int err;

	esp_key(ab);
	esp_key(ba);
	err = esp_side(SIDE_A, ab, ba);
	if (!err)
		err = esp_side(SIDE_B, ab, ba);
	sodium_memzero(ab, sizeof(ab));
	sodium_memzero(ba, sizeof(ba));
	return err;
}

const struct bench_path path_esp = {
	.name		= "esp",
	.modules	= "esp4 chacha20poly1305",
	.setup		= esp_setup,
	.open		= udp_open,
};
