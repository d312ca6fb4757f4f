/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses as text: "<64 hex digits>:<port>". Pure. */
#ifndef THEMIS_TEXT_H
#define THEMIS_TEXT_H

#include "pure.h"

int themis_text_parse(const char *text, size_t len, u8 *id, u16 *port);
size_t themis_text_format(char *text, const u8 *id, u16 port);

#endif /* THEMIS_TEXT_H */
