/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints: themis:drop, with the reason by the name that is counted. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM themis

#if !defined(THEMIS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define THEMIS_TRACE_H

#include <linux/skbuff.h>
#include <linux/tracepoint.h>
#include <net/net_namespace.h>

#include <linux/themis.h>

#define THEMIS_TRACE_ROW(name, text, help) { THEMIS_CNT_##name, text },

TRACE_EVENT(drop,
	TP_PROTO(const struct net *net, const struct sk_buff *skb,
		 enum themis_counter why),
	TP_ARGS(net, skb, why),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(const void *, skbaddr)
		__field(unsigned int, len)
		__field(unsigned int, why)
	),
	TP_fast_assign(
		__entry->netns = net->ns.inum;
		__entry->skbaddr = skb;
		__entry->len = skb ? skb->len : 0;
		__entry->why = why;
	),
	TP_printk("netns=%u skbaddr=%p len=%u reason=%s",
		  __entry->netns, __entry->skbaddr, __entry->len,
		  __print_symbolic(__entry->why,
				   THEMIS_COUNTERS(THEMIS_TRACE_ROW,
						   THEMIS_TRACE_ROW)
				   { -1, NULL }))
);

#endif /* THEMIS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
