#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Memory of the usual stack, 16 workers and lighttpd: it has a bound, and after
# ten times the requests it is about the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Load;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4);
my $program = Guerdon::Stack::build() . '/bin/fcgi-gw';
plan skip_all => 'a sanitizer needs memory of its own'
    if qx(ldd @{[Guerdon::Stack::quote($program)]}) =~ /lib[au]bsan/;

my $load = Guerdon::Load->new($g, users => 6, events => 60, at => 16);

# Sum of PSS in MiB, after so many more requests.
sub pss_after {
	my ($count) = @_;
	my $until = $load->{count} + $count;
	my @pids = (Guerdon::Stack::slurp("$g->{home}/run/lighttpd.pid") + 0,
	    map { $g->workers($_) } qw(gw auth event));

	$load->run(until => 60, tick => sub { $load->{count} >= $until });
	is(scalar @pids, 17, "lighttpd and 16 workers, $load->{count} requests");
	return Guerdon::Stack::pss(@pids) / 1024;
}

# The gateway has no connection to the database, and pays for no driver.
unlike(qx(ldd @{[Guerdon::Stack::quote($program)]}), qr/libmongoc/,
    'the gateway is not linked to the driver');
my $warm = pss_after(1500);
my $later = pss_after(6000);
diag(sprintf 'PSS: %.1f MiB, then %.1f MiB', $warm, $later);
cmp_ok($warm, '<', 100, 'below 100 MiB');
cmp_ok($later, '<', $warm + 8, 'it does not grow with the requests');
is(scalar @{$load->{failed}}, 0, 'no request failed');

done_testing;
