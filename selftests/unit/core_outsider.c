// SPDX-License-Identifier: GPL-2.0
/*
 * Strangers: identities that are no machine of the world.
 */
#include <string.h>

#include <sodium.h>

#include "core_net.h"
#include "core_outsider.h"

void outsider_new(struct outsider *o, uint64_t n)
{
	uint8_t seed[32];

	memset(o, 0, sizeof(*o));
	o->rng = 1000 + n;
	net_random(&o->rng, seed, sizeof(seed));
	net_random(&o->rng, o->secret, sizeof(o->secret));
	crypto_sign_seed_keypair(o->self.public_key, o->key, seed);
	o->self.secret_key = o->key;
	o->self.netid_len = sizeof(net_netid);
	memcpy(o->self.netid, net_netid, sizeof(net_netid));
	themis_id_derive(&o->self.id, net_netid, sizeof(net_netid),
			 o->self.public_key);
}

void outsider_init(struct outsider *o, const struct themis_id *to,
		   struct themis_init *init)
{
	uint8_t nonce[32];

	net_random(&o->rng, nonce, sizeof(nonce));
	themis_init_build(init, &o->self, to, 1 + (o->rng & 0xffff), o->secret,
			  nonce);
}

void outsider_sign(struct outsider *o, const struct themis_id *to,
		   struct themis_init *init)
{
	static const char label[] = "themis init v1";
	const size_t signs = offsetof(struct themis_init, signature) - 8;
	uint8_t text[256];
	size_t len = sizeof(label) - 1;

	memcpy(text, label, len);
	memcpy(text + len, init->sender, signs);
	memcpy(text + len + signs, to->b, sizeof(to->b));
	len += signs + sizeof(to->b);
	crypto_sign_detached(init->signature, NULL, text, len, o->key);
	crypto_shorthash(init->probe, (const uint8_t *)init,
			 offsetof(struct themis_init, probe), to->b);
}
