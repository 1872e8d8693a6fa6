#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Who reaches a worker's socket is nobody without the node key: a GUERDON_
# parameter without it, or with a wrong one, is 400.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Guerdon::Fcgi qw(fcgi_call);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $key = $g->node_key;
my $user = $g->person('USER')->{userId};
my @time = (GUERDON_BUDGET_MS => 2000);
my %path = (auth => '/v1/users', event => '/v1/audit', gw => '/v1/audit');

# One call to a worker; the status, and the code of a problem.
sub ask {
	my ($pool, @params) = @_;
	my $c = Guerdon::Fcgi->connect($g->socket_path($pool)) or die "$pool: $!";

	$c->send(fcgi_call(params => [REQUEST_METHOD => 'GET',
	    REQUEST_URI => $path{$pool}, @params]));
	my $answer = $c->answer(5);
	my $body = eval { JSON::PP::decode_json($answer->{body}) } // {};
	return join ' ', $answer->{status}, $body->{code} // ();
}

for my $pool (qw(auth event)) {
	is(ask($pool), '401 UNAUTHENTICATED', "$pool: nothing is nobody");
	for my $name (qw(ROLE SUBJECT SESSION ATTEMPT BUDGET_MS FOO)) {
		is(ask($pool, "GUERDON_$name" => 'ADMIN'),
		    '400 MALFORMED_REQUEST', "$pool: GUERDON_$name and no key");
	}
	my @as_admin = (GUERDON_ROLE => 'ADMIN', GUERDON_SUBJECT => $user);
	for my $wrong ('', 'x', 'x' x 64, uc $key, substr($key, 1), "${key}0",
	    " $key", "$key\n", '0' x 64) {
		is(ask($pool, GUERDON_NODE_KEY => $wrong, @as_admin),
		    '400 MALFORMED_REQUEST', "$pool: a wrong key of " .
		    length($wrong) . ' bytes');
	}
	is(ask($pool, GUERDON_NODE_KEY => 'x' x 64, GUERDON_NODE_KEY => $key,
	    @as_admin), '400 MALFORMED_REQUEST', "$pool: the right one second");
	is(ask($pool, @as_admin, HTTP_GUERDON_NODE_KEY => $key),
	    '400 MALFORMED_REQUEST', "$pool: the right one as a header");
	is(ask($pool, HTTP_GUERDON_NODE_KEY => $key, HTTP_GUERDON_ROLE =>
	    'ADMIN'), '401 UNAUTHENTICATED', "$pool: all of it as headers");

	is(ask($pool, GUERDON_NODE_KEY => $key, @time, @as_admin), '200',
	    "$pool: the right key and a role");
	is(ask($pool, @as_admin, @time, GUERDON_NODE_KEY => $key), '200',
	    "$pool: ... in another order");
	is(ask($pool, GUERDON_NODE_KEY => $key, @time, GUERDON_ROLE => 'USER',
	    GUERDON_SUBJECT => $user), '403 INSUFFICIENT_ROLE',
	    "$pool: ... a role that may not");
	is(ask($pool, GUERDON_NODE_KEY => $key, @time), '401 UNAUTHENTICATED',
	    "$pool: the right key and nobody");
	for my $role ('', 'ROOT', 'admin', 'ADMIN,USER') {
		is(ask($pool, GUERDON_NODE_KEY => $key, @time,
		    GUERDON_ROLE => $role),
		    '401 UNAUTHENTICATED', "$pool: the role '$role' is none");
	}
	like(ask($pool, GUERDON_NODE_KEY => $key, @time, HTTP_AUTHORIZATION =>
	    $g->basic(1)), qr/^401 /,
	    "$pool: over a link the service credential does not count");
	is(ask($pool, GUERDON_NODE_KEY => $key, @as_admin, @$_),
	    '503 SERVICE_UNAVAILABLE', "$pool: no time left: @$_")
	    for [], [GUERDON_BUDGET_MS => 'x'], [GUERDON_BUDGET_MS => -1];
}

# The gateway takes nobody's word.
is(ask('gw'), '401 UNAUTHENTICATED', 'gw: nothing is nobody');
like(ask('gw', GUERDON_NODE_KEY => $key, GUERDON_ROLE => 'ADMIN',
    GUERDON_SUBJECT => $user), qr/^40[01] /, 'gw: not even with the key');
like(ask('gw', GUERDON_ROLE => 'ADMIN'), qr/^40[01] /, 'gw: nor without');
is(ask('gw', HTTP_AUTHORIZATION => 'Bearer ' . $g->token('AUDITOR')), '200',
    'gw: but a token');

done_testing;
