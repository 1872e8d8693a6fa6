#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# compose.yml: an engine's tool reads it, and it says what it must.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Stack;

my $top = Guerdon::Stack::top();
my $text = Guerdon::Stack::slurp("$top/compose.yml");

for my $service (qw(web gw auth event db init)) {
	like($text, qr/^  $service:$/m, "there is a service $service");
}
like($text, qr/^\s+- "127\.0\.0\.1:[^"]*:$_"$/m,
    "$_ is published on the loopback address only") for 8080 .. 8082;
unlike($text, qr/^\s+\S*(?:PASSWORD|SECRET)\S*\s*[:=]\s*\S/mi,
    'it holds no secret');

SKIP: {
	my ($tool) = grep { -x } map { "$_/docker-compose" }
	    split /:/, $ENV{PATH};
	skip 'docker-compose is not installed', 3 if !$tool;
	my $out = qx(cd @{[Guerdon::Stack::quote($top)]} && \\
	    docker-compose -f compose.yml config 2>&1);
	is($?, 0, 'docker-compose config') or diag($out);
	like($out, qr/^\s+image: mongo:/m, 'the database is mongo');
	is(() = $out =~ /^\s+healthcheck:/mg, 5, 'five health checks');
}

done_testing;
