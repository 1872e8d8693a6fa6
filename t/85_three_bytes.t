#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Three bytes on a connection to every worker, and then silence: each is held,
# and each is back within 5 s.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Fcgi qw(fcgi_begin);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 2);
my %size = (gw => 2, auth => 4, event => 4);
my %pids = map { $_ => join ' ', sort $g->workers($_) } keys %size;
my @call = (GET => '/v1/events', as => 'USER');

is($g->call(@call)->status, 200, 'all is well');
# The links of the gateway are closed when they were idle for a second: then
# every worker waits for a connection.
sleep 1.6;
my @held;
for my $pool (sort keys %size) {
	for (1 .. $size{$pool}) {
		my $c = Guerdon::Fcgi->connect($g->socket_path($pool));
		$c->send(substr fcgi_begin(1, 1), 0, 3);
		push @held, [$pool, $c];
		sleep 0.05;
	}
}
my $begun = time;
isnt($g->call(@call, timeout => 1)->status, 200, 'no worker is left');
for my $held (@held) {
	my ($pool, $c) = @$held;
	my $left = 5 - (time - $begun);
	ok($c->closes($left > 0 ? $left : 0.01),
	    "a worker of $pool lets go of it");
}
cmp_ok(time - $begun, '>', 2, 'not before its time') ;
ok($g->wait_for(sub { $g->call(@call, timeout => 2)->status == 200 },
    5 - (time - $begun)), 'requests are answered again');
cmp_ok(time - $begun, '<', 5.1, sprintf '... after %.1f s', time - $begun);
is(scalar(grep { $g->call(@call)->status != 200 } 1 .. 20), 0,
    '... all of them');
is(join(' ', sort $g->workers($_)), $pids{$_},
    "the workers of $_ are the same") for sort keys %size;

done_testing;
