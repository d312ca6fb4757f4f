/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The metrics socket: numbers in Prometheus' text format for whoever connects.
 */
#ifndef THEMISD_METRICS_H
#define THEMISD_METRICS_H

#include <stdio.h>

#include "daemon.h"

#define METRICS_CLIENTS_MAX	8
#define METRICS_TIME_S		5	/* to read the answer */
#define METRICS_AGE_US		1000000	/* an answer is given for so long */

/**
 * metrics_start() - listen
 * @d: the daemon
 * @path: of the socket
 * @diag: filled in on failure
 *
 * Each connection is answered at once with a response of HTTP/1.0, whatever it
 * asks, and closed. The numbers are collected at most once in METRICS_AGE_US.
 *
 * Return: 0 or a negative errno.
 */
int metrics_start(struct daemon *d, const char *path,
		  struct themis_diag *diag);

/**
 * metrics_stop() - mirror of metrics_start(): also removes the socket's file
 * @d: the daemon; it need not have been started
 */
void metrics_stop(struct daemon *d);

/**
 * metrics_text() - all numbers
 * @d: the daemon
 * @len: bytes of the result
 *
 * Return: the text, to be freed; NULL for lack of memory.
 */
char *metrics_text(struct daemon *d, size_t *len);

/**
 * metrics_head() - what comes before the values of a metric
 * @out: written to
 * @prefix: of its name
 * @name: of the metric
 * @suffix: of its name
 * @type: "counter", "gauge" or "histogram"
 * @help: its meaning
 */
void metrics_head(FILE *out, const char *prefix, const char *name,
		  const char *suffix, const char *type, const char *help);

/**
 * metrics_label() - the value of a label, without its quotation marks
 * @out: written to
 * @text: the value
 */
void metrics_label(FILE *out, const char *text);

/**
 * metrics_histogram() - the values of a histogram
 * @out: written to
 * @name: of the metric
 * @labels: as in name="value", or ""
 * @rtt: the histogram
 */
void metrics_histogram(FILE *out, const char *name, const char *labels,
		       const struct themis_rtt *rtt);

#endif /* THEMISD_METRICS_H */
