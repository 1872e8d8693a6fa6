/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_H_
#define FUZZ_H_

#include <stddef.h>
#include <stdint.h>

struct arena;
struct contract;
struct request;

/*
 * A fuzz target is a file that defines this one function, which libFuzzer,
 * AFL++ or replay.c calls [https://llvm.org/docs/LibFuzzer.html].  It hands
 * bytes to a parser of ours and asserts what must be true of the outcome.
 */
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A NUL-terminated copy of the bytes that a target is to read. */
struct fuzz_input {
	struct arena	*arena;
	char		*text;
	size_t		 len;
};

/*
 * fuzz_run(one, data, len):
 * Call ${one} for one input in an arena of its own, as a worker would for a
 * request: running out of it is no fault.  Returns 0.
 */
int	fuzz_run(void (*)(struct fuzz_input *), const uint8_t *, size_t);

/*
 * fuzz_line(in):
 * Take the first line off the input: NUL-terminated, without its newline.
 * What is left may be empty.
 */
char	*fuzz_line(struct fuzz_input *);

/*
 * fuzz_request(in, req, env):
 * A request with these FastCGI parameters, ended by NULL, and the input that
 * is left as its body.
 */
void	 fuzz_request(const struct fuzz_input *, struct request *, char **);

/*
 * fuzz_contracts(void):
 * That of auth and that of event, read at the first call; json_arena() has to
 * be set after it.
 */
const struct contract *const *fuzz_contracts(void);

/*
 * fuzz_folder(void): a folder for this process alone, in memory; removed at
 * its end, with the files that fuzz_file() made.
 */
const char	*fuzz_folder(void);

/*
 * fuzz_file(name, data, len):
 * Write these bytes to a file of that folder.  The path lives until the next
 * call.
 */
const char	*fuzz_file(const char *, const void *, size_t);

#endif /* !FUZZ_H_ */
