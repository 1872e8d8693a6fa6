#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A peer that begins a request and falls silent, or dribbles, is let go within
# 5 s; one that is silent between two requests is not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Fcgi qw(fcgi_begin fcgi_call fcgi_params fcgi_record);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 8);
my $params = fcgi_params(1, REQUEST_METHOD => 'POST',
    REQUEST_URI => '/v1/auth/login', CONTENT_LENGTH => 100,
    CONTENT_TYPE => 'application/json');
my %half = (
    'three bytes' => substr(fcgi_begin(1, 1), 0, 3),
    'a header' => substr(fcgi_begin(1, 1), 0, 8),
    'half a body of a record' => substr(fcgi_begin(1, 1), 0, 12),
    'a beginning' => fcgi_begin(1, 1),
    'half of the parameters' => fcgi_begin(1, 1) . substr($params, 0, 30),
    'all parameters' => fcgi_begin(1, 1) . $params,
    'half of the body' => fcgi_begin(1, 1) . $params .
	fcgi_record(5, 1, 'x' x 50),
);
my %before = map { $_ => join ' ', sort $g->workers($_) } qw(gw auth);

# All at once, each on a worker of its own.
my (@open, @dribble, %kept);
for my $pool (qw(gw auth)) {
	$kept{$pool} = Guerdon::Fcgi->connect($g->socket_path($pool));
	$kept{$pool}->send(fcgi_call(keep => 1, params => [REQUEST_METHOD =>
	    'GET', REQUEST_URI => '/v1/openapi.json']));
	is($kept{$pool}->answer(5)->{status}, 200, "$pool: a link is opened");
}
my $begun = time;
for my $name (sort keys %half) {
	my $c = Guerdon::Fcgi->connect($g->socket_path('auth'));
	$c->send($half{$name});
	push @open, ["auth: $name", $c];
}
for my $name ('three bytes', 'all parameters') {
	my $c = Guerdon::Fcgi->connect($g->socket_path('gw'));
	$c->send($half{$name});
	push @open, ["gw: $name", $c];
}
# A byte every 200 ms is no better than none.
my $dribble = Guerdon::Fcgi->connect($g->socket_path('gw'));
my ($bytes, $ended) = (fcgi_begin(1, 1) . $params . fcgi_record(5, 1, 'x' x 100));
while (!$ended && time - $begun < 8) {
	$dribble->send(substr $bytes, 0, 1, '');
	$ended = time - $begun if $dribble->closes(0.2);
}
cmp_ok($ended // 99, '<', 5, 'a peer that dribbles is let go');
cmp_ok($ended // 0, '>', 3, '... not before it had a chance');
for my $case (@open) {
	my ($name, $c) = @$case;
	my $left = 5 - (time - $begun);
	ok($c->closes($left > 0 ? $left : 0.01), "$name: let go in time");
}

# The links were silent all the time; they still work.
for my $pool (sort keys %kept) {
	my $c = $kept{$pool};
	cmp_ok(time - $begun, '>', 4, "$pool: after some seconds of silence");
	$c->send(fcgi_call(id => 2, keep => 1, params => [REQUEST_METHOD =>
	    'GET', REQUEST_URI => '/v1/openapi.json']));
	is($c->answer(5)->{status}, 200, '... the link still works');
	is(join(' ', sort $g->workers($pool)), $before{$pool},
	    '... and the workers are the same');
}

done_testing;
