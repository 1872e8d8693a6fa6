/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration file. */
#include <assert.h>

#include "../shared/conf.h"
#include "fuzz.h"

static void
one(struct fuzz_input *in)
{
	struct conf *conf;

	conf = conf_read(fuzz_file("guerdon.conf", in->text, in->len));
	if (conf == NULL) {
		assert(err_detail()[0] != '\0');
		return;
	}
	assert(conf->home[0] == '/' && conf->keys[0] == '/' &&
	    conf->share[0] == '/' && conf->mongo_uri[0] != '\0');
	assert(conf->request_timeout >= 100 &&
	    conf->request_timeout <= 60000);
	conf_free(conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
