#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The same where each user chooses ONE of two rewards, one of which needs
# approval, while stock is raised and lowered and claims are approved, rejected
# and revoked at random.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Ledger;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4, devdb => 1);
my %reward = (type => 'COUPON', name => 'C', quantity => 1, stock => 200);
my $event = $g->new_event(choice => 'ONE', claimLimit => 500, rewards => [
    {%reward}, {%reward, requiresApproval => JSON::PP::true}]);
my @rewards = map { $_->{rewardId} } @{$event->{rewards}};
my $ledger = Guerdon::Ledger->new($g, $event, users => 1500);
my %count;

srand 7;
$g->token($_) for qw(AUDITOR ADMIN OPERATOR);

# A change of a total, or a decision about some claim.
sub other {
	my $claim = $ledger->{claims}[rand @{$ledger->{claims}}];
	my @choices = (
	    sub { $g->request(PATCH => "/v1/rewards/$rewards[rand 2]",
		as => 'OPERATOR', json => {stock => 150 + int rand 100},
		headers => ['If-Match', '*']) },
	    sub { $g->request(PATCH => "/v1/events/$event->{eventId}",
		as => 'OPERATOR', json => {claimLimit => 300 + int rand 300},
		headers => ['If-Match', '*']) },
	    map { my $verb = $_; sub { $g->request(POST =>
		"/v1/claims/$claim/$verb", as => 'ADMIN',
		json => {reason => 'at random'}) } }
		qw(approve reject revoke));
	my $which = int rand @choices;

	return if !defined $claim;
	return {%{$choices[$which]->()}, other => sub {
		$count{$which}{$_[0]->status}++ }};
}

$ledger->run(at => 32, databases => 3, other => \&other,
    body => sub { {rewardId => $rewards[$_[0] % 2]} });
for my $which (0 .. 4) {
	cmp_ok($count{$which}{200} // 0, '>', 5, 'something was done: ' .
	    join ' ', map { "$_: $count{$which}{$_}" } sort
	    keys %{$count{$which}});
}
$ledger->settle;
$ledger->check;

done_testing;
