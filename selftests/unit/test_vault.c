// SPDX-License-Identifier: GPL-2.0
/*
 * Secret keys in guarded memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "vault.h"

#define KEYS	(2 * VAULT_KEYS + 1)

static uint8_t *key[KEYS];
static struct core_page *page[KEYS];

static void fill(struct core_vault *vault)
{
	unsigned int i;

	core_vault_init(vault);
	for (i = 0; i < KEYS; i++) {
		key[i] = core_vault_get(vault, &page[i]);
		assert_non_null(key[i]);
		memset(key[i], i + 1, VAULT_KEY_LEN);
		core_vault_close(page[i]);
	}
}

static void empty(struct core_vault *vault)
{
	unsigned int i;

	for (i = 0; i < KEYS; i++)
		if (key[i])
			core_vault_put(page[i], key[i]);
	assert_true(core_list_empty(&vault->pages));
}

static unsigned int pages(const struct core_vault *vault)
{
	struct core_walk walk = core_walk(&vault->pages);
	unsigned int n = 0;

	while (core_walk_on(&walk))
		n++;
	return n;
}

/* Each key has a place of its own, and they share pages. */
static void share_pages(void **state)
{
	struct core_vault vault;
	unsigned int i, j;

	fill(&vault);
	assert_int_equal(pages(&vault), 3);
	for (i = 0; i < KEYS; i++) {
		core_vault_open(page[i]);
		for (j = 0; j < VAULT_KEY_LEN; j++)
			assert_int_equal(key[i][j], i + 1);
		core_vault_close(page[i]);
	}
	empty(&vault);
}

/* What is given back is wiped, and used again before there is a new page. */
static void used_again(void **state)
{
	struct core_vault vault;
	struct core_page *other;
	uint8_t *again;

	fill(&vault);
	core_vault_put(page[5], key[5]);
	core_vault_open(page[5]);
	assert_true(sodium_is_zero(key[5], VAULT_KEY_LEN));
	assert_int_equal(key[6][0], 7);
	core_vault_close(page[5]);
	again = core_vault_get(&vault, &other);
	assert_ptr_equal(again, key[5]);
	assert_ptr_equal(other, page[5]);
	core_vault_close(other);
	assert_int_equal(pages(&vault), 3);
	empty(&vault);
}

/* A page is given back with its last key. */
static void pages_go(void **state)
{
	struct core_vault vault;

	fill(&vault);
	core_vault_put(page[KEYS - 1], key[KEYS - 1]);
	key[KEYS - 1] = NULL;
	assert_int_equal(pages(&vault), 2);
	empty(&vault);
}

/* Whoever looks at a key while nobody signs dies of it. */
static void guarded(void **state)
{
	struct core_vault vault;
	int status;
	pid_t pid;

	fill(&vault);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		uint8_t first;

		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		/* What cannot be read: 0 would be that it could. */
		memcpy(&first, key[0], 1);
		_exit(first == 1 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && !WEXITSTATUS(status));
	empty(&vault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(share_pages),
		cmocka_unit_test(used_again),
		cmocka_unit_test(pages_go),
		cmocka_unit_test(guarded),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
