/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Known answers: Documentation/vectors.json, as vectors.py writes it.
 */
#ifndef CORE_VECTORS_H
#define CORE_VECTORS_H

#include <stddef.h>
#include <stdint.h>

/* The file's text; fails the test if it cannot be read. */
const char *vectors_load(void);
/* The object after @object (NULL for the first) that has @field, or NULL. */
const char *vectors_next(const char *json, const char *object,
			 const char *field);
/* The bytes of a field, at most @max; fails the test if it is not there. */
size_t vectors_hex(const char *object, const char *field, uint8_t *out,
		   size_t max);
/* The same of exactly @len bytes. */
void vectors_get(const char *object, const char *field, uint8_t *out,
		 size_t len);

#endif /* CORE_VECTORS_H */
