// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for messages and for the pieces of long ones.
 *
 * A long message needs dozens of packets of one size at once, and a moment
 * later they are free again. Each processor keeps a few blocks of pages to cut
 * them from, in turn; a block that nobody else holds any more is used again as
 * it is, as network drivers do it with what they receive into. That saves the
 * allocator's work and clearing the pages. Who does not read its messages holds
 * these blocks and no more: packets then come from the allocator.
 */
#include <linux/gfp.h>
#include <linux/local_lock.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>

#include "pool.h"

#define POOL_BLOCKS	32
#define POOL_ORDER	3
#define POOL_BYTES	(PAGE_SIZE << POOL_ORDER)

/**
 * struct pool - what a processor keeps
 * @lock: keeps others on this processor out
 * @block: so many pages, each with a reference of ours, or NULL; no more than
 *	were needed at one time
 * @at: the block in use
 * @used: bytes of it
 */
struct pool {
	local_lock_t	lock;	/* see above */
	struct page	*block[POOL_BLOCKS];
	unsigned int	at;
	unsigned int	used;
};

static DEFINE_PER_CPU(struct pool, pools) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

/* Go on to a block that nobody else holds, or to one more. */
static struct page *advance(struct pool *pool)
{
	struct page *page;
	unsigned int at;

	for (at = 0; at < POOL_BLOCKS; at++) {
		page = pool->block[at];
		if (!page || page_ref_count(page) == 1)
			break;
	}
	if (at == POOL_BLOCKS)
		return NULL;
	if (!page) {
		page = alloc_pages(GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN |
				   __GFP_NORETRY | __GFP_NOMEMALLOC,
				   POOL_ORDER);
		if (!page)
			return NULL;
		pool->block[at] = page;
	}
	pool->at = at;
	pool->used = 0;

	return page;
}

/*
 * A packet of so many bytes with all that belongs to it. It does not cross the
 * end of a page if it fits one: the cipher stops there, and what is left of its
 * stride on either side costs as much as a whole one.
 */
static struct sk_buff *carve(struct pool *pool, size_t size)
{
	struct page *page = pool->block[pool->at];
	struct sk_buff *skb;

	if (offset_in_page(pool->used) + size > PAGE_SIZE)
		pool->used = PAGE_ALIGN(pool->used);
	if (!page || pool->used + size > POOL_BYTES) {
		page = advance(pool);
		if (!page)
			return NULL;
	}
	skb = build_skb(page_address(page) + pool->used, size);
	if (!skb)
		return NULL;
	get_page(page);
	pool->used += size;

	return skb;
}

/**
 * themis_pool_skb() - a packet from the pool, or from the allocator
 * @len: bytes of room
 * @gfp: for the allocator
 *
 * What is in that room is not set.
 *
 * Context: process.
 * Return: an empty packet or NULL.
 */
struct sk_buff *themis_pool_skb(size_t len, gfp_t gfp)
{
	size_t size = SKB_DATA_ALIGN(len) +
		      SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	struct sk_buff *skb = NULL;

	if (size <= POOL_BYTES / 8) {
		local_lock(&pools.lock);
		skb = carve(this_cpu_ptr(&pools), size);
		local_unlock(&pools.lock);
	}

	return skb ?: alloc_skb(len, gfp);
}

/**
 * themis_pool_exit() - give everything back
 *
 * Context: nobody sends any more.
 */
void themis_pool_exit(void)
{
	struct pool *pool;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		pool = per_cpu_ptr(&pools, cpu);
		for (i = 0; i < POOL_BLOCKS; i++)
			if (pool->block[i])
				put_page(pool->block[i]);
	}
}
