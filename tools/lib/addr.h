/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses between text and memory: transport endpoints (where a peer is) and
 * Themis addresses (who a peer is).
 */
#ifndef THEMIS_ADDR_H
#define THEMIS_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <linux/themis.h>

#include "id.h"

/* "[<IPv6>%<scope>]:<port>" and the final zero. */
#define THEMIS_ENDPOINT_TEXT	80

/* A host name and the final zero. */
#define THEMIS_HOST_MAX		256

/* "<id>:<port>" and the final zero. */
#define THEMIS_ADDR_TEXT	(THEMIS_TEXT_MAX + 1)

/**
 * themis_port_parse() - a decimal port number
 * @text: 1 to 65535 in decimal digits, nothing else
 * @port: result, host order
 *
 * Return: 0, or -EINVAL.
 */
int themis_port_parse(const char *text, uint16_t *port);

/**
 * themis_endpoint_parse() - "192.0.2.1:7000" or "[2001:db8::1]:7000"
 * @text: address and port; with @resolve also "<host name>:<port>"
 * @resolve: ask the resolver for names, which may block for seconds
 * @ep: result, AF_INET or AF_INET6, zero-padded; an IPv4-mapped IPv6 address
 *	becomes AF_INET, for the kernel keeps both families apart
 *
 * Return: 0; -EINVAL: not of this form, port 0 or out of range, or an address
 * that nobody can be at (unspecified, multicast, broadcast); -ENOENT: no such
 * host name; -EAGAIN: the resolver does not answer.
 */
int themis_endpoint_parse(const char *text, bool resolve,
			  struct sockaddr_storage *ep);

/**
 * themis_endpoint_name() - take "<host name>:<port>" apart
 * @text: the text
 * @host: result: letters, digits, '.', '-' and '_', and not only digits and
 *	dots
 * @port: result, host order
 *
 * Return: 0, or -EINVAL.
 */
int themis_endpoint_name(const char *text, char host[THEMIS_HOST_MAX],
			 uint16_t *port);

/**
 * themis_endpoint_format() - the text of an endpoint
 * @sa: AF_INET or AF_INET6; anything else, or NULL, gives "-"
 * @text: THEMIS_ENDPOINT_TEXT bytes
 *
 * Return: @text.
 */
char *themis_endpoint_format(const void *sa, char *text);

/**
 * themis_endpoint_len() - bytes of a transport address
 * @sa: a struct sockaddr of any family
 *
 * Return: the size of the address's own structure, 0 for families other than
 * AF_INET and AF_INET6.
 */
socklen_t themis_endpoint_len(const void *sa);

/**
 * themis_endpoint_equal() - compare two transport addresses
 * @a: a struct sockaddr of any family
 * @b: the same
 *
 * Return: true if family, address, port and scope are the same, or both are of
 * neither AF_INET nor AF_INET6.
 */
bool themis_endpoint_equal(const void *a, const void *b);

/**
 * themis_addr_node() - the socket address of a node's port
 * @sth: result
 * @id: the node, or NULL for the all-zero id
 * @port: host order; 0 asks for a free one in bind()
 */
void themis_addr_node(struct sockaddr_themis *sth, const struct themis_id *id,
		      uint16_t port);

/**
 * themis_addr_link() - the socket address of a link's raw socket
 * @sth: result
 * @port: the link's UDP port, host order
 */
void themis_addr_link(struct sockaddr_themis *sth, uint16_t port);

/**
 * themis_addr_parse() - "<64 hex digits>:<port>" or "*:<port>"
 * @sth: result; "*" is the all-zero id
 * @text: the text; port 0 is allowed
 *
 * Return: 0, or -EINVAL.
 */
int themis_addr_parse(struct sockaddr_themis *sth, const char *text);

/**
 * themis_addr_format() - the text of a Themis address
 * @sth: an address of AF_THEMIS
 * @text: THEMIS_ADDR_TEXT bytes
 *
 * Return: @text.
 */
char *themis_addr_format(const struct sockaddr_themis *sth, char *text);

#endif /* THEMIS_ADDR_H */
