#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# HUP to each worker and USR2 to each supervisor, under load: they reload, stay
# the same processes, and no request fails.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Load;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 2);
my $load = Guerdon::Load->new($g, users => 5, events => 40);
my @pools = qw(gw auth event);
my %before = map { $_ => join ' ', sort $g->workers($_) } @pools;
my @workers = map { my $p = $_; map { [$p, $_] } $g->workers($p) } @pools;

sub reloads {
	my ($pool, $pid) = @_;
	my $log = Guerdon::Stack::slurp("$g->{home}/log/fcgi-$pool.log");
	$pid //= '\\d+';
	return scalar(() = $log =~ /"pid":$pid,"message":"reloaded"/g);
}

my @hups = $load->disturb(
    sub { kill HUP => $_[1] or die "kill: $!" },
    sub { reloads(@_[0, 1]) }, 3, @workers);
is(scalar(grep { reloads(@$_[0, 1]) == 1 } @hups), 10,
    'each of ten workers reloaded once after HUP');
my @usr2 = $load->disturb(
    sub { kill USR2 => $_[1] or die "kill: $!" },
    sub { my ($pool) = @_; reloads($pool) == 2 * split / /, $before{$pool} },
    3, map { [$_, $g->pool_pid($_)] } @pools);
is(scalar @usr2, 3, 'USR2 to each supervisor');
for my $pool (@pools) {
	is(reloads($pool), 2 * (() = $before{$pool} =~ /\d+/g),
	    "$pool: all its workers reloaded");
	is(join(' ', sort $g->workers($pool)), $before{$pool},
	    '... and are the same processes');
}
diag(sprintf '%d requests, %d claims', $load->{count},
    scalar @{$load->{claims}});
cmp_ok($load->{count}, '>', 300, 'there was load');
is(join("\n", map { $_->request->{path} . ' ' . $_->brief }
    @{$load->{failed}}), '', 'no request failed');
is(join("\n", map { $_->brief } @{$load->{odd}}), '', 'no odd answer');

done_testing;
