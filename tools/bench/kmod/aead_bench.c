// SPDX-License-Identifier: GPL-2.0
/*
 * Bare AEAD calls, to be timed from outside: writing "seal SIZE COUNT" or "open
 * SIZE COUNT" to the parameter "run" makes COUNT calls of ChaCha20-Poly1305 on
 * SIZE bytes and then returns.
 */
#include <crypto/chacha20poly1305.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#define SIZE_MAX_BYTES	65536
#define COUNT_MAX	10000000
#define AD_LEN		16

static u8 key[CHACHA20POLY1305_KEY_SIZE];
static u8 ad[AD_LEN];
static u8 *plain;
static u8 *sealed;
static DEFINE_MUTEX(lock);

static void seal(u8 *to, unsigned int size)
{
	chacha20poly1305_encrypt(to, plain, size, ad, sizeof(ad), 1, key);
}

/* In place, as whoever seals a packet does it. */
static void seal_many(unsigned int size, unsigned int count)
{
	while (count--) {
		chacha20poly1305_encrypt(plain, plain, size, ad, sizeof(ad), 1,
					 key);
		cond_resched();
	}
}

static int open_many(unsigned int size, unsigned int count)
{
	const size_t len = size + CHACHA20POLY1305_AUTHTAG_SIZE;

	seal(sealed, size);
	while (count--) {
		if (!chacha20poly1305_decrypt(plain, sealed, len, ad,
					      sizeof(ad), 1, key))
			return -EBADMSG;
		cond_resched();
	}

	return 0;
}

static int run_set(const char *text, const struct kernel_param *kp)
{
	unsigned int size, count;
	char what[5];
	int err = 0;

	if (sscanf(text, "%4s %u %u", what, &size, &count) != 3)
		return -EINVAL;
	if (!size || size > SIZE_MAX_BYTES || count > COUNT_MAX)
		return -ERANGE;

	mutex_lock(&lock);
	if (!strcmp(what, "seal"))
		seal_many(size, count);
	else if (!strcmp(what, "open"))
		err = open_many(size, count);
	else
		err = -EINVAL;
	mutex_unlock(&lock);

	return err;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
};
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "\"seal SIZE COUNT\" or \"open SIZE COUNT\"");

static int __init aead_bench_init(void)
{
	const size_t bytes = SIZE_MAX_BYTES + CHACHA20POLY1305_AUTHTAG_SIZE;

	plain = kzalloc(bytes, GFP_KERNEL);
	sealed = kzalloc(bytes, GFP_KERNEL);
	if (!plain || !sealed) {
		kfree(plain);
		kfree(sealed);
		return -ENOMEM;
	}

	return 0;
}

static void __exit aead_bench_exit(void)
{
	kfree(plain);
	kfree(sealed);
}

module_init(aead_bench_init);
module_exit(aead_bench_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Bare ChaCha20-Poly1305 calls for a benchmark");
