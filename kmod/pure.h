/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure parts (replay, epoch, ratelimit, text) need of their
 * surroundings, so that the same files compile into the module and into
 * programs.
 */
#ifndef THEMIS_PURE_H
#define THEMIS_PURE_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
#endif

#endif /* THEMIS_PURE_H */
