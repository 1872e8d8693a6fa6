#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# What is no FastCGI, or more of it than is honest, ends a connection and never
# a worker.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Fcgi qw(fcgi_begin fcgi_call fcgi_params fcgi_record fcgi_stdin);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my %before = map { $_ => join ' ', sort $g->workers($_) } qw(gw auth event);
my @get = (REQUEST_METHOD => 'GET', REQUEST_URI => '/v1/openapi.json');

sub sent {
	my ($pool, $bytes) = @_;
	my $c = Guerdon::Fcgi->connect($g->socket_path($pool)) or die "$pool: $!";

	$c->send($bytes);
	shutdown $c->{fh}, 1;
	return $c->answer(7);
}

my %garbage = (
    'an HTTP request' => "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    'zeros' => "\0" x 64,
    'ones' => "\xff" x 64,
    'another version' => "\x02" . substr(fcgi_call(params => \@get), 1),
    'an unknown type' => fcgi_record(77, 1, 'x') . fcgi_call(params => \@get),
    'parameters first' => fcgi_params(1, @get) . fcgi_stdin(1, ''),
    'an authorizer' => fcgi_record(1, 1, pack 'nCx5', 2, 0) .
	fcgi_params(1, @get) . fcgi_stdin(1, ''),
    'a filter' => fcgi_record(1, 1, pack 'nCx5', 3, 0) .
	fcgi_params(1, @get) . fcgi_stdin(1, ''),
    'an abort' => fcgi_begin(1) . fcgi_params(1, @get) . fcgi_record(2, 1, ''),
    'two requests mixed' => fcgi_begin(1, 1) . fcgi_begin(2, 1) .
	fcgi_params(1, @get) . fcgi_params(2, @get) . fcgi_stdin(2, '') .
	fcgi_stdin(1, ''),
    'lengths that lie' => fcgi_begin(1) . fcgi_record(4, 1,
	"\x7f\x7fshort") . fcgi_record(4, 1, '') . fcgi_stdin(1, ''),
    'a length of 2 GB' => fcgi_begin(1) . fcgi_record(4, 1,
	"\xff\xff\xff\xff\xff\xff\xff\xffx") . fcgi_record(4, 1, '') .
	fcgi_stdin(1, ''),
    'values asked for' => fcgi_record(9, 0, "\x0f\x00FCGI_MPXS_CONNS"),
    'no parameters' => fcgi_begin(1) . fcgi_record(4, 1, '') .
	fcgi_stdin(1, ''),
    'a short beginning' => fcgi_record(1, 1, "\0\1") . fcgi_params(1, @get) .
	fcgi_stdin(1, ''),
);
# The same nonsense in every run.
srand 4711;
$garbage{"random $_"} = join '', map { chr int rand 256 }
    1 .. 1 + int rand 400 for 1 .. 40;
$garbage{"spoilt $_"} = do {
	my $bytes = fcgi_call(params => [@get, map { ("P$_" => 'v' x 50) }
	    1 .. 5], body => 'x' x 40);
	substr($bytes, int rand length $bytes, 1) = chr int rand 256 for 1 .. 3;
	$bytes;
} for 1 .. 40;

for my $pool (qw(gw auth event)) {
	my @served = grep { my $a = sent($pool, $garbage{$_});
	    $a->{status} >= 500 } sort keys %garbage;
	is("@served", '', "$pool: no nonsense is a fault of ours");
	is(join(' ', sort $g->workers($pool)), $before{$pool},
	    '... or the end of a worker');
	is(sent($pool, fcgi_call(params => \@get))->{status}, 200,
	    '... and the next request is served');

	# Parameters: their sum has a limit, and what matters has to be there.
	my $path = sub { sent($pool, fcgi_call(params => [@_]))->{status} };
	is($path->(@get, map { ("X$_" => 'v' x 1000) } 1 .. 80), 431,
	    "$pool: 80 KB of parameters");
	is($path->(@get, X => 'v' x 70_000), 431, "$pool: one of 70 KB");
	is($path->(@get, X => 'v' x 30_000), 200, "$pool: 30 KB are fine");
	is($path->(REQUEST_METHOD => 'GET'), 400, "$pool: no target");
	is($path->(REQUEST_METHOD => 'GET', REQUEST_URI => $_), 400,
	    "$pool: the target '$_'") for '', '*', 'v1/events', 'http://x/';
	like($path->(REQUEST_URI => '/v1/openapi.json'), qr/^4/,
	    "$pool: no method");
	like($path->(REQUEST_METHOD => "GET\0", REQUEST_URI =>
	    "/v1/openapi.json\0x"), qr/^(?:200|4..)$/, "$pool: NULs");
	is(join(' ', sort $g->workers($pool)), $before{$pool},
	    "$pool: the workers are still the same");
}

done_testing;
