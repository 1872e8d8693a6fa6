#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# CONTENT_LENGTH and the body must agree: else 400, and the worker lives on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Fcgi qw(fcgi_call);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my %login = (REQUEST_METHOD => 'POST', REQUEST_URI => '/v1/auth/login',
    CONTENT_TYPE => 'application/json');
my $body = $Guerdon::Stack::json->encode({map { $_ =>
    $g->person('USER')->{$_} } qw(email password)});
my $length = length $body;
my %before = map { $_ => join ' ', sort $g->workers($_) } qw(gw auth event);

sub status {
	my ($pool, $sent, @length) = @_;
	my $c = Guerdon::Fcgi->connect($g->socket_path($pool)) or die "$pool: $!";
	my @uri = $pool eq 'event' ? (REQUEST_METHOD => 'GET',
	    REQUEST_URI => '/v1/openapi.json') : %login;

	$c->send(fcgi_call(body => $sent, params => [@uri, @length]));
	my $answer = $c->answer(8);
	return $answer->{status};
}

for my $pool (qw(gw auth event)) {
	for my $length ($length + 1, $length - 1, 0, 2 * $length, 100_000,
	    -1, 'x', "${length}x", "+$length", '0x10', '1e3', ' 1',
	    '99999999999', '18446744073709551616') {
		is(status($pool, $body, CONTENT_LENGTH => $length), 400,
		    "$pool: a body of " . length($body) . ", said to be $length");
	}
	is(status($pool, $body, CONTENT_LENGTH => $length), 200,
	    "$pool: what agrees is served");
	is(status($pool, $body, CONTENT_LENGTH => 3, CONTENT_LENGTH => $length),
	    400, "$pool: two lengths, the first wrong");
	my $none = $pool eq 'event' ? 200 : 400;
	is(status($pool, '', CONTENT_LENGTH => $_), $none,
	    "$pool: no body, said to be '$_'") for '', '0';
	is(status($pool, '', CONTENT_LENGTH => 5), 400,
	    "$pool: no body where there should be one");
	is(status($pool, 'x' x 300_000, CONTENT_LENGTH => 300_001), 400,
	    "$pool: one byte short of much");
	is(join(' ', sort $g->workers($pool)), $before{$pool},
	    "$pool: the workers are the same");
}

done_testing;
