#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Calls on a kept connection: each gets its own answer, whatever the one before
# had for a body.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Fcgi qw(fcgi_call fcgi_begin fcgi_params fcgi_stdin);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $user = $g->person('USER')->{userId};
my @inner = (GUERDON_NODE_KEY => $g->node_key, GUERDON_ROLE => 'ADMIN',
    GUERDON_BUDGET_MS => 2000,
    GUERDON_SUBJECT => $user);
my $id = 0;

sub call {
	my ($c, $method, $uri, $body, %more) = @_;
	my $n = ++$id;

	$c->send(fcgi_call(id => $n, keep => 1, body => $body, params => [@inner,
	    REQUEST_METHOD => $method, REQUEST_URI => $uri,
	    CONTENT_TYPE => 'application/json', %more]));
	my $answer = $c->answer(5);
	return 'no end' if !defined $answer->{end} || $answer->{end} != 0 ||
	    $answer->{app} != 0;
	return "id $answer->{id} for $n" if $answer->{id} != $n;
	return $answer->{status};
}

for my $pool (qw(auth event)) {
	my $c = Guerdon::Fcgi->connect($g->socket_path($pool));
	my $list = $pool eq 'auth' ? '/v1/users' : '/v1/events';

	is(call($c, GET => $list), 200, "$pool: a first call");
	is(call($c, GET => $list, 'x' x 20_000), 200,
	    "$pool: with a body that nobody wants");
	is(call($c, GET => $list), 200, '... and one after it');
	is(call($c, GET => $list, 'x' x 70_000), 413, "$pool: a body too large");
	is(call($c, GET => $list), 200, '... and one after it');
	is(call($c, POST => $list, '{' . 'x' x 300_000), 413,
	    "$pool: one that no worker keeps");
	is(call($c, GET => $list), 200, '... and one after it');
	is(call($c, GET => '/v1/nothing', 'x' x 20_000), 404,
	    "$pool: an unknown path with a body");
	is(call($c, DELETE => $list, 'x' x 20_000), 405,
	    "$pool: an unknown method with a body");
	is(call($c, POST => $list, 'x' x 20_000), 400,
	    "$pool: no JSON");
	is(call($c, GET => '/%00', 'x' x 20_000), 400, "$pool: a bad path");
	is(call($c, GET => $list), 200, "$pool: after all of these");
	is(call($c, HEAD => $list), 200, "$pool: HEAD");
	is(call($c, OPTIONS => $list), 204, "$pool: OPTIONS");
	my %count;
	$count{call($c, GET => $list, 'x' x ($_ % 3 ? 0 : 3000))}++ for 1 .. 100;
	is_deeply(\%count, {200 => 100}, "$pool: 100 more");

	# A call in many small pieces.
	my $bytes = fcgi_call(id => 9, keep => 1, params => [@inner,
	    REQUEST_METHOD => 'GET', REQUEST_URI => $list]);
	$c->send(substr $bytes, 0, 7, '') while length $bytes;
	is($c->answer(5)->{status}, 200, "$pool: in pieces of 7 bytes");

	# Who lies about the length is not trusted with where the next begins.
	is(call($c, GET => $list, 'xx', CONTENT_LENGTH => 1), 400,
	    "$pool: a wrong length");
	ok($c->closes(1), '... ends the connection');

	# Without FCGI_KEEP_CONN the worker closes, and at once.
	$c = Guerdon::Fcgi->connect($g->socket_path($pool));
	$c->send(fcgi_call(params => [REQUEST_METHOD => 'GET',
	    REQUEST_URI => '/v1/openapi.json']));
	is($c->answer(5)->{status}, 200, "$pool: a call that is not kept");
	ok($c->closes(1), '... is closed');
}

done_testing;
