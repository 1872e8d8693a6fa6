#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# TERM to every worker in turn, under load: each ends in good order, another
# takes its place, and no request fails.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Load;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 3);
my $load = Guerdon::Load->new($g, users => 5, events => 60);
my %size = (gw => 3, auth => 5, event => 5);
my @workers = map { my $p = $_; map { [$p, $_] } $g->workers($p) }
    sort keys %size;

my @stops = $load->disturb(
    sub { kill TERM => $_[1] or die "kill: $!" },
    sub {
	my ($pool, $pid) = @_;
	my @now = $g->workers($pool);
	return @now == $size{$pool} && !grep { $_ == $pid } @now;
    }, 5, @workers);
is(scalar @stops, 13, 'each of 13 workers was stopped');
for my $stop (@stops) {
	cmp_ok($stop->[3], '<', 3.5, sprintf 'a worker of %s ended after ' .
	    '%.0f ms', $stop->[0], 1000 * $stop->[3]);
}
diag(sprintf '%d requests, %d claims', $load->{count},
    scalar @{$load->{claims}});
cmp_ok($load->{count}, '>', 500, 'there was load');
is(join("\n", map { $_->request->{path} . ' ' . $_->brief }
    @{$load->{failed}}), '', 'no request failed');
is(join("\n", map { $_->brief } @{$load->{odd}}), '', 'no odd answer');
for my $pool (sort keys %size) {
	my %stopped = map { $_->{pid} => 1 }
	    grep { $_->{message} eq 'worker stopped' } $g->log("fcgi-$pool");
	is(scalar(grep { $_->[0] eq $pool && !$stopped{$_->[1]} } @workers), 0,
	    "the workers of $pool said so");
}

# A whole pool, without touching lighttpd: what comes meanwhile waits or is
# refused in good form, and soon all is well.
my $lighttpd = Guerdon::Stack::slurp("$g->{home}/run/lighttpd.pid");
for my $pool (qw(event auth gw)) {
	$g->stack('restart-pool', $pool);
	is($g->call(GET => '/v1/events', as => 'USER')->status, 200,
	    "the pool $pool is restarted");
}
is(Guerdon::Stack::slurp("$g->{home}/run/lighttpd.pid"), $lighttpd,
    'lighttpd is the same');

done_testing;
