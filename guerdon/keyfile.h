/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYFILE_H_
#define KEYFILE_H_

#include <stdbool.h>

#include "err.h"

/*
 * Files of secrets: made whole and at once, for the owner of their folder
 * alone.  In a folder of root's that a group may read, mode 0750, they are
 * root's, and that group may read them.
 */

/*
 * keyfile_folder(path, fd):
 * Make a folder that only its owner can enter, or make an existing one so
 * unless it is root's for a group, and lock it: of two processes one waits.
 * Closing ${fd} gives the lock back.
 */
enum err	keyfile_folder(const char *, int *);

/* keyfile_exists(fd, name): is there such a file in the folder? */
bool		keyfile_exists(int, const char *);

/*
 * keyfile_write(fd, name, text):
 * Write a file, or replace it.  Whoever reads it at the time sees the old
 * one or the new one.
 */
enum err	keyfile_write(int, const char *, const char *);

/* keyfile_remove(fd, name): for good. */
enum err	keyfile_remove(int, const char *);

/* keyfile_write_key(fd, name): write a new random key. */
enum err	keyfile_write_key(int, const char *);

#endif /* !KEYFILE_H_ */
