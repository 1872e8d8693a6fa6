#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Two administrators who demote each other, and themselves, at the same time:
# one of them always stays.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Http qw(http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4);
my $m = Guerdon::Mongo->new($g);
my @admins = ($g->person('ADMIN'), $g->new_user('ADMIN'));

sub raise {
	for my $admin (@admins) {
		my $res = $g->call(PATCH => "/v1/users/$admin->{userId}",
		    on => 'auth', basic => 1,
		    json => {role => 'ADMIN', status => 'ACTIVE'});
		die $res->brief if $res->status != 200;
		$g->log_in($admin);
	}
}

for my $round (1 .. 12) {
	my @changes = ({role => 'USER'}, {status => 'DISABLED'},
	    {role => 'OPERATOR', status => 'DISABLED'});
	raise();
	my @answers = http_all(map { my $i = $_; map { $g->request(PATCH =>
	    "/v1/users/$admins[$_]{userId}", as => $admins[$i],
	    json => $changes[($round + $i) % 3]) } 0, 1, 0, 1 } 0, 1, 0, 1);
	my %count;
	$count{$_->brief}++ for @answers;
	my $left = $m->count('users', [role => 'ADMIN', status => 'ACTIVE']);
	cmp_ok($left, '>=', 1, "round $round: an administrator is left") or
	    diag(explain(\%count));
	is(join(' ', grep { !/^(?:200|401\ INVALID_TOKEN|
	    403\ INSUFFICIENT_ROLE|409\ LAST_ADMIN)$/x } sort keys %count), '',
	    '... and no answer was another');
}

# The same with many administrators at once: of ten who all go, one stays.
raise();
push @admins, map { $g->new_user('ADMIN') } 1 .. 8;
for my $round (1 .. 3) {
	raise();
	http_all(map { $g->request(PATCH => "/v1/users/$_->{userId}",
	    as => $_, json => {role => 'USER'}) } @admins);
	is($m->count('users', [role => 'ADMIN', status => 'ACTIVE']), 1,
	    "of ten who go at once one stays ($round)");
}

done_testing;
