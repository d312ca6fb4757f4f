/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Doubly linked lists inside their members. A list is a ring through its head,
 * and a member that is on no list is a ring of its own, so that it can always
 * be taken off.
 */
#ifndef THEMIS_LIST_H
#define THEMIS_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct core_list {
	struct core_list	*next;
	struct core_list	*prev;
};

#define core_entry(ptr, type, member)					\
	((type *)((char *)(ptr) - offsetof(type, member)))

static inline void core_list_init(struct core_list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool core_list_empty(const struct core_list *list)
{
	return list->next == list;
}

/* Takes @member off the list that it is on, if any. */
static inline void core_list_del(struct core_list *member)
{
	member->prev->next = member->next;
	member->next->prev = member->prev;
	core_list_init(member);
}

/* Puts @member at the end of @list, and off the list that it is on. */
static inline void core_list_add(struct core_list *list,
				 struct core_list *member)
{
	core_list_del(member);
	member->prev = list->prev;
	member->next = list;
	list->prev->next = member;
	list->prev = member;
}

/**
 * struct core_walk - a walk through a list; the member at hand may be taken off
 * @list: the list
 * @next: the member that comes next
 */
struct core_walk {
	const struct core_list	*list;
	struct core_list	*next;
};

static inline struct core_walk core_walk(const struct core_list *list)
{
	return (struct core_walk){ .list = list, .next = list->next };
}

/* The next member, or NULL at the end. */
static inline struct core_list *core_walk_on(struct core_walk *walk)
{
	struct core_list *at = walk->next;

	if (at == walk->list)
		return NULL;
	walk->next = at->next;
	return at;
}

#endif /* THEMIS_LIST_H */
