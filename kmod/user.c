// SPDX-License-Identifier: GPL-2.0
/* Users: what one user may have of what all share. */
#include <linux/hashtable.h>
#include <linux/slab.h>

#include "net.h"
#include "user.h"

/**
 * themis_user_get() - the entry of a user, made if need be
 * @tn: where
 * @uid: who
 *
 * Context: process.
 * Return: the user with a reference, or NULL if there is no memory.
 */
struct themis_user *themis_user_get(struct themis_net *tn, kuid_t uid)
{
	u32 key = __kuid_val(uid);
	struct themis_user *user, *fresh;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;
	fresh->tn = tn;
	fresh->uid = uid;
	refcount_set(&fresh->refs, 1);

	spin_lock_bh(&tn->users_lock);
	hash_for_each_possible(tn->users, user, hash, key)
		if (uid_eq(user->uid, uid)) {
			refcount_inc(&user->refs);
			goto found;
		}
	user = fresh;
	fresh = NULL;
	hash_add(tn->users, &user->hash, key);
found:
	spin_unlock_bh(&tn->users_lock);
	kfree(fresh);

	return user;
}

/**
 * themis_user_put() - drop a reference
 * @user: the user
 *
 * Context: any.
 */
void themis_user_put(struct themis_user *user)
{
	struct themis_net *tn = user->tn;

	spin_lock_bh(&tn->users_lock);
	if (!refcount_dec_and_test(&user->refs)) {
		spin_unlock_bh(&tn->users_lock);
		return;
	}
	hash_del(&user->hash);
	spin_unlock_bh(&tn->users_lock);
	kfree(user);
}
