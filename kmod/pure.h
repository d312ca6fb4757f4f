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
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#endif /* THEMIS_PURE_H */
