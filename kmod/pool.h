/* SPDX-License-Identifier: GPL-2.0 */
/* Memory for messages and the pieces of long ones. */
#ifndef THEMIS_POOL_H
#define THEMIS_POOL_H

#include <linux/types.h>

struct sk_buff;

struct sk_buff *themis_pool_skb(size_t len, gfp_t gfp);
void themis_pool_exit(void);

#endif /* THEMIS_POOL_H */
