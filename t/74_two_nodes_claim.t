#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Two nodes on one database, with the same keys: 64 parallel claims of one user
# through both give one claim, and a token of one is good on the other.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Http qw(http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

my $near = Guerdon::Stack->new;
my $far = Guerdon::Stack->new(db => $near->{db}, uri => $near->{uri},
    conf => {keys => "$near->{home}/keys"});
my $m = Guerdon::Mongo->new($near);
my $user = $near->new_user;

is($_->call(GET => '/v1/users/me', as => $user)->get('userId'),
    $user->{userId}, 'a token is good on either') for $near, $far;
for my $round (1 .. 5) {
	my $event = $near->new_event;
	my @answers = http_all(map { ($_ % 2 ? $near : $far)->request(POST =>
	    "/v1/events/$event->{eventId}/claims", as => $user) } 1 .. 64);
	my (%count, %id);
	$count{$_->brief}++ for @answers;
	$id{$_->get('claimId') // 'none'}++ for @answers;
	is_deeply(\%count, {201 => 1, '409 ALREADY_CLAIMED' => 63},
	    "round $round: one 201, 63 x 409") or diag(explain(\%count));
	is(keys %id, 1, '... of one claim');
	is($m->count('claims', [userId => $user->{userId},
	    eventId => $event->{eventId}]), 1, '... one document');
}
my @records = $near->audit("userId=$user->{userId}", 320, 5);
is(scalar @records, 320, 'an audit record for every attempt on either');

done_testing;
