// SPDX-License-Identifier: GPL-2.0
/* The module: what is set up in order, and its mirror. */
#include <linux/module.h>
#include <net/genetlink.h>

#include <linux/themis.h>

#include "cipher.h"
#include "diag.h"
#include "key.h"
#include "net.h"
#include "netlink.h"
#include "pool.h"
#include "session.h"
#include "sock.h"

static int __init themis_init(void)
{
	int err;

	err = themis_sock_check();
	if (err)
		return err;
	themis_cipher_begin();
	err = themis_key_init();
	if (err)
		return err;
	err = themis_session_init();
	if (err)
		goto err_key;
	err = themis_net_init();
	if (err)
		goto err_session;
	err = themis_netlink_register();
	if (err)
		goto err_net;
	err = themis_diag_register();
	if (err)
		goto err_netlink;
	/* Last: from here on anybody can come in. */
	err = themis_sock_register();
	if (err)
		goto err_diag;

	return 0;

err_diag:
	themis_diag_unregister();
err_netlink:
	themis_netlink_unregister();
err_net:
	themis_net_exit();
err_session:
	themis_session_exit();
err_key:
	themis_key_exit();
	return err;
}

static void __exit themis_exit(void)
{
	themis_sock_unregister();
	themis_diag_unregister();
	themis_netlink_unregister();
	themis_net_exit();
	themis_session_exit();
	themis_key_exit();
	themis_pool_exit();
}

module_init(themis_init);
module_exit(themis_exit);

MODULE_DESCRIPTION("Themis: secure datagrams between identities");
MODULE_LICENSE("GPL");
MODULE_VERSION(THEMIS_VERSION);
MODULE_ALIAS_NETPROTO(AF_THEMIS);
MODULE_ALIAS_NET_PF_PROTO_TYPE(PF_NETLINK, NETLINK_SOCK_DIAG, 18);
MODULE_ALIAS_GENL_FAMILY("themis");
