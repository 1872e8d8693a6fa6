#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# 64 parallel claims of one user, through 4 gateway and 6 event workers, 20
# times: one 201, 63 x 409 with the same claimId, one document.
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
my $user = $g->new_user;
my $rounds = 20;

is(scalar $g->workers('gw'), 4, 'four gateway workers');
is(scalar $g->workers('event'), 6, 'six event workers');
for my $round (1 .. $rounds) {
	my $event = $g->new_event;
	my @answers = http_all(map { $g->request(POST =>
	    "/v1/events/$event->{eventId}/claims", as => $user) } 1 .. 64);
	my (%count, %id);
	$count{$_->brief}++ for @answers;
	$id{$_->get('claimId') // 'none'}++ for @answers;
	is_deeply(\%count, {201 => 1, '409 ALREADY_CLAIMED' => 63},
	    "round $round: one 201, 63 x 409") or
	    diag(explain(\%count));
	is(join(' ', keys %id), (grep { $_->status == 201 } @answers)[0]
	    ? (grep { $_->status == 201 } @answers)[0]->get('claimId') : 'one',
	    '... all with the same claimId');
	is($m->count('claims', [userId => $user->{userId},
	    eventId => $event->{eventId}]), 1, '... one document');
	is(scalar $g->list("/v1/claims?userId=$user->{userId}&eventId=" .
	    $event->{eventId}, as => 'AUDITOR'), 1, '... in the list');
}
is($m->count('claims', []), $rounds, 'as many claims as rounds');
my @records = $g->audit("userId=$user->{userId}", 64 * $rounds, 5);
is(scalar @records, 64 * $rounds, 'an audit record for every attempt');
is(scalar(grep { $_->{result}{code} eq 'GRANTED' } @records), $rounds,
    '... one of 64 granted');

# It was no single worker that did it all.
for my $pool (qw(gw event)) {
	my %pids = map { $_->{pid} => 1 } grep { ($_->{operation} // '') eq
	    'claim_create' } $g->log("fcgi-$pool");
	cmp_ok(scalar keys %pids, '>', 1, "$pool: several workers took part");
}

done_testing;
