/* SPDX-License-Identifier: GPL-2.0 */
/* sock_diag: which sockets there are. */
#ifndef THEMIS_DIAG_H
#define THEMIS_DIAG_H

int themis_diag_register(void);
void themis_diag_unregister(void);

#endif /* THEMIS_DIAG_H */
