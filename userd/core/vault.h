/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guarded memory for the secret keys of nodes.
 */
#ifndef THEMIS_VAULT_H
#define THEMIS_VAULT_H

#include <stdint.h>

#include "list.h"

#define VAULT_KEY_LEN	64	/* as libsodium keeps it */

/* What fills a page together with what guards it. */
#define VAULT_KEYS	63

/**
 * struct core_vault - secret keys, many to a page
 * @pages: those that hold any
 */
struct core_vault {
	struct core_list	pages;
};

/**
 * struct core_page - a page of keys
 * @all: in the vault's list
 * @keys: guarded; cannot be read but between core_vault_open() and
 *	core_vault_close()
 * @used: which places are taken, a bit each
 */
struct core_page {
	struct core_list	all;
	uint8_t			*keys;
	uint64_t		used;
};

void core_vault_init(struct core_vault *vault);
uint8_t *core_vault_get(struct core_vault *vault, struct core_page **page);
void core_vault_put(struct core_page *page, uint8_t *key);
void core_vault_open(const struct core_page *page);
void core_vault_close(const struct core_page *page);

#endif /* THEMIS_VAULT_H */
