// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel says: notifications and answers, tools/lib/nl_event.c and
 * nl_decode.c. The first byte tells which decoder gets the rest, which is a
 * whole netlink message without its first four bytes, the length, or a nest.
 */
#include <stdlib.h>
#include <string.h>

/* For on_event(), which libnl would call. */
#include "../../tools/lib/nl_event.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FAMILY		0x1c
#define MESSAGE_MAX	4096

static void consider(void *ctx, const struct themis_nl_event *event)
{
	unsigned int *n = ctx;

	/* A text of ours is what the kernel sent, and no more. */
	if (event->node.netid_len > THEMIS_NETID_MAX ||
	    event->session.nkeys > __THEMIS_SLOT_MAX)
		abort();
	(*n)++;
}

static void notify(const uint8_t *data, size_t size)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	unsigned int n = 0;
	struct themis_nl nl = {
		.family = FAMILY,
		.notify = consider,
		.notify_ctx = &n,
	};
	struct nlmsghdr *nlh;
	struct nl_msg *msg;

	if (size + 4 < NLMSG_HDRLEN + GENL_HDRLEN)
		return;
	/* Exactly as long as it is, for the sanitizer to see. */
	nlh = malloc(size + 4);
	nlh->nlmsg_len = (uint32_t)(size + 4);
	memcpy((uint8_t *)nlh + 4, data, size);
	/* Two types lead on; the others would be a waste. */
	nlh->nlmsg_type = nlh->nlmsg_type & 1 ? GENL_ID_CTRL : FAMILY;
	msg = nlmsg_convert(nlh);
	free(nlh);
	if (!msg)
		return;
	nlmsg_set_src(msg, &kernel);
	on_event(msg, &nl);
	if (n > 1)
		abort();
	nlmsg_free(msg);
}

static void decode(uint8_t which, const uint8_t *data, size_t size)
{
	uint64_t values[__THEMIS_CNT_MAX];
	struct themis_nl_session session;
	struct themis_nl_info info;
	struct themis_nl_link link;
	struct themis_nl_node node;
	struct themis_nl_key key;
	struct nlattr *nest;

	nest = malloc(NLA_HDRLEN + size);
	nest->nla_len = (uint16_t)(NLA_HDRLEN + size);
	nest->nla_type = NLA_F_NESTED | 1;
	if (size)
		memcpy(nla_data(nest), data, size);
	switch (which % 6) {
	case 0:
		if (!themis_nl_get_info(nest, &info) &&
		    strnlen(info.version, sizeof(info.version)) ==
		    sizeof(info.version))
			abort();
		break;
	case 1:
		themis_nl_get_stats(nest, values);
		break;
	case 2:
		themis_nl_get_link(nest, &link);
		break;
	case 3:
		themis_nl_get_node(nest, &node);
		break;
	case 4:
		themis_nl_get_key(nest, &key);
		break;
	case 5:
		themis_nl_get_session(nest, &session);
		break;
	}
	free(nest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > MESSAGE_MAX)
		return 0;
	if (data[0] & 0x80)
		notify(data + 1, size - 1);
	else
		decode(data[0], data + 1, size - 1);
	return 0;
}
