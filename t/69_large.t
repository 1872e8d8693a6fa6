#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Large events: what can be stored can be read, listed and claimed.  An event
# takes rewards until it is full; a page ends before it gets too long.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my %details = map { ("member-$_" => "\x01" x 500) } 1 .. 20;

# As many large rewards as an event takes.
sub large_event {
	my $event = $g->new_event(rewards => []);
	my ($res, $count) = (undef, 0);

	for (1 .. 100) {
		$res = $g->call(POST => "/v1/events/$event->{eventId}/rewards",
		    as => 'OPERATOR', json => {type => 'ITEM', name => 'G',
		    quantity => 1, details => \%details});
		last if $res->status != 201;
		$count++;
	}
	is_problem($res, 409, 'TOO_MANY_REWARDS', "full after $count rewards");
	cmp_ok($count, '>', 15, '... which are many');
	return ($event->{eventId}, $count);
}

my ($id, $count) = large_event();
my $event = $g->call(GET => "/v1/events/$id", as => 'USER');
is_status($event, 200, 'it can be read');
is(scalar @{$event->json->{rewards}}, $count, '... with all its rewards');

my $claim = $g->call(POST => "/v1/events/$id/claims", as => 'USER',
    json => {});
is_status($claim, 201, '... and claimed');
is(scalar @{$claim->json->{snapshot}{rewards}}, $count, '... whole');
is_status($g->call(GET => '/v1/claims/' . $claim->json->{claimId},
    as => 'USER'), 200, '... and the claim read');

my @ids = ($id, map { (large_event())[0] } 1 .. 2);
my ($pages, $next, @seen) = (0, undef);
do {
	my $res = $g->call(GET => '/v1/events?limit=100' .
	    (defined $next ? "&cursor=$next" : ''), as => 'USER');
	is_status($res, 200, 'page ' . ++$pages);
	push @seen, map { $_->{eventId} } @{$res->json->{items}};
	$next = $res->json->{next};
} while (defined $next && $pages < 10);
cmp_ok($pages, '>', 1, 'a list of three takes more than one page');
is(join(' ', @seen), join(' ', reverse @ids), '... and misses none');
is(scalar $g->list('/v1/rewards?limit=100', as => 'USER'), 3 * $count,
    'all rewards are listed');

my $one = (@{$event->json->{rewards}})[0]{rewardId};
is_problem($g->call(PATCH => "/v1/rewards/$one", as => 'OPERATOR',
    headers => ['If-Match', '*'], json => {details => {map {
    ("member-$_" => "\x{10ffff}" x 1000) } 1 .. 10}}), 400,
    'VALIDATION_FAILED', 'a patch that would make it too large');

done_testing;
