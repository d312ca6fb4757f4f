/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that must survive a crash.
 */
#ifndef THEMIS_FILE_H
#define THEMIS_FILE_H

#include <stddef.h>

/**
 * themis_file_finish() - write, synchronise and close a file
 * @fd: open for writing; closed in any case
 * @data: what to write
 * @len: bytes of @data
 *
 * Return: 0 or a negative errno; the file may then be incomplete.
 */
int themis_file_finish(int fd, const void *data, size_t len);

/**
 * themis_file_append() - write to a file and wait until that is on disk
 * @fd: open for writing; stays open
 * @data: what to write
 * @len: bytes of @data
 *
 * Return: 0 or a negative errno; some of it may then be in the file.
 */
int themis_file_append(int fd, const void *data, size_t len);

/**
 * themis_file_sync_dir() - make a file's name durable
 * @path: the file, whose directory is synchronised
 *
 * Return: 0 or a negative errno. File systems that cannot synchronise a
 * directory are taken as they are.
 */
int themis_file_sync_dir(const char *path);

#endif /* THEMIS_FILE_H */
