// SPDX-License-Identifier: GPL-2.0
/*
 * Guarded memory for the secret keys of nodes.
 *
 * Each piece of guarded memory takes two pages, and two more that cannot be
 * touched. For a key of 64 bytes that would be more than all else that a node
 * takes, so keys share a page. It is locked, wiped in the end, and nobody can
 * read it but for as long as one of its nodes signs.
 */
#include <assert.h>
#include <stdlib.h>

#include <sodium.h>

#include "vault.h"

static_assert(crypto_sign_SECRETKEYBYTES == VAULT_KEY_LEN, "a key fits");

/**
 * core_vault_init() - an empty vault
 * @vault: the vault
 */
void core_vault_init(struct core_vault *vault)
{
	core_list_init(&vault->pages);
}

static struct core_page *page_new(struct core_vault *vault)
{
	struct core_page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	page->keys = sodium_allocarray(VAULT_KEYS, VAULT_KEY_LEN);
	if (!page->keys) {
		free(page);
		return NULL;
	}
	core_list_init(&page->all);
	core_list_add(&vault->pages, &page->all);
	return page;
}

static struct core_page *page_with_room(struct core_vault *vault)
{
	struct core_walk walk = core_walk(&vault->pages);
	struct core_page *page;
	struct core_list *pos;

	while ((pos = core_walk_on(&walk))) {
		page = core_entry(pos, struct core_page, all);
		if (page->used != (1ULL << VAULT_KEYS) - 1)
			return page;
	}
	return page_new(vault);
}

/**
 * core_vault_get() - a place for a key
 * @vault: the vault
 * @page: result: the page that it is on
 *
 * It can be written until core_vault_close().
 *
 * Return: VAULT_KEY_LEN bytes, or NULL without memory.
 */
uint8_t *core_vault_get(struct core_vault *vault, struct core_page **page)
{
	unsigned int i;

	*page = page_with_room(vault);
	if (!*page)
		return NULL;
	i = __builtin_ctzll(~(*page)->used);
	(*page)->used |= 1ULL << i;
	sodium_mprotect_readwrite((*page)->keys);
	return (*page)->keys + i * VAULT_KEY_LEN;
}

/**
 * core_vault_put() - wipe a key, and give its place back
 * @page: the page that it is on; gone afterwards if it was the last
 * @key: the key
 */
void core_vault_put(struct core_page *page, uint8_t *key)
{
	page->used &= ~(1ULL << (key - page->keys) / VAULT_KEY_LEN);
	if (page->used) {
		sodium_mprotect_readwrite(page->keys);
		sodium_memzero(key, VAULT_KEY_LEN);
		core_vault_close(page);
		return;
	}
	core_list_del(&page->all);
	/* Makes it writable, wipes and unmaps. */
	sodium_free(page->keys);
	free(page);
}

/**
 * core_vault_open() - let the keys of a page be read
 * @page: the page
 */
void core_vault_open(const struct core_page *page)
{
	sodium_mprotect_readonly(page->keys);
}

/**
 * core_vault_close() - let nobody read them
 * @page: the page
 */
void core_vault_close(const struct core_page *page)
{
	sodium_mprotect_noaccess(page->keys);
}
