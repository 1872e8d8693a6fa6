#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Least power: what every running worker has given up, as the kernel tells it,
# and that it serves and reconnects all the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $sanitized = Guerdon::Stack::build() =~ /asan/;

for my $pool (qw(gw auth event)) {
	for my $pid ($g->workers($pool)) {
		my $status = Guerdon::Stack::slurp("/proc/$pid/status");
		my $limits = Guerdon::Stack::slurp("/proc/$pid/limits");
		like($status, qr/^NoNewPrivs:\s+1$/m,
		    "$pool: no new privileges");
		like($status, qr/^Umask:\s+0077$/m,
		    "$pool: files for their owner only");
		like($limits, qr/^Max core file size\s+0\s+0\s/m,
		    "$pool: no core files");
		SKIP: {
			skip 'a sanitizer needs its system calls', 1
			    if $sanitized;
			like($status, qr/^Seccomp:\s+2$/m,
			    "$pool: a filter of system calls");
		}
	}
}
is($g->call(GET => '/v1/events', as => 'USER')->status, 200,
    'requests are served');

done_testing;
