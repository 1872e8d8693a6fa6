#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Decisions: a claim that waits for approval, is approved, rejected, revoked or
# expires; each once, with who, when and why; stock comes back, the slot stays.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $m = Guerdon::Mongo->new($g);
my $true = JSON::PP::true;
my @users = map { $g->new_user } 1 .. 8;
my %item = (type => 'ITEM', name => 'I', quantity => 1,
    requiresApproval => $true, stock => 4);

sub decide {
	my ($claim, $verb, $as, $json) = @_;

	return $g->call(POST => '/v1/claims/' . (ref $claim ?
	    $claim->get('claimId') : $claim) . "/$verb", as => $as,
	    json => $json // {reason => 'because'});
}

sub left {
	my ($event) = @_;
	my ($stock) = $m->find('stock', [_id =>
	    $event->{rewards}[0]{rewardId}]);

	return $stock->{left};
}

my $event = $g->new_event(rewards => [\%item]);
my @claims = map { $g->claim($event, $users[$_]) } 0 .. 3;
is(join(' ', map { $_->status . $_->get('state') } @claims),
    join(' ', ('201PENDING') x 4), 'claims that wait for approval');
is_deeply($claims[0]->get('decisions'), [], '... nothing is decided');
is_problem($g->claim($event, $users[4]), 409, 'SOLD_OUT',
    '... but their units are taken');
my ($record) = $g->audit("userId=$users[0]{userId}", 1);
is($record->{result}{code}, 'PENDING', 'the audit says so');
is(scalar $g->list("/v1/claims?state=PENDING&eventId=$event->{eventId}",
    as => 'OPERATOR'), 4, 'they can be listed');

# Approve.
my $res = decide($claims[0], 'approve', 'OPERATOR', {});
is_status($res, 200, 'approved');
is($res->get('state'), 'GRANTED', '... is GRANTED');
my ($decision, @more) = @{$res->get('decisions')};
is(scalar @more, 0, '... by one decision');
is($decision->{by}, $g->person('OPERATOR')->{userId}, '... who');
like($decision->{at}, qr/^20\d\d-.*Z$/, '... when');
is($decision->{reason}, undef, '... why: no reason given');
is($decision->{traceId}, $res->trace, '... by which request');
is_deeply($g->call(GET => '/v1/claims/' . $claims[0]->get('claimId'),
    as => $users[0])->json, $res->json, '... and its user can read it');
is_problem(decide($claims[0], 'approve', 'ADMIN', {}), 409, 'NOT_PENDING',
    'not twice');
is_problem(decide($claims[0], 'reject', 'OPERATOR'), 409, 'NOT_PENDING',
    'nor the other way');
is(left($event), 0, 'nothing came back');

# Reject.
$res = decide($claims[1], 'reject', 'OPERATOR', {reason => 'a second account'});
is($res->status . $res->get('state'), '200REJECTED', 'rejected');
is($res->get('decisions')->[0]{reason}, 'a second account', '... why');
is(left($event), 1, '... one is back');
is_problem($g->claim($event, $users[1]), 409, 'ALREADY_CLAIMED',
    '... but its user has had a turn');
is_status($g->claim($event, $users[4]), 201, '... somebody else gets it');
has_fault(decide($claims[2], 'reject', 'OPERATOR', {}), '/reason', 'REQUIRED',
    'a reason is needed');
is_problem(decide($claims[2], 'revoke', 'ADMIN'), 409, 'NOT_GRANTED',
    'what is pending can\'t be revoked');

# Revoke.
is_status(decide($claims[0], 'revoke', 'OPERATOR'), 403,
    'an operator revokes nothing');
$res = decide($claims[0], 'revoke', 'ADMIN', {reason => 'a refund'});
is($res->status . $res->get('state'), '200REVOKED', 'revoked');
is(join(' ', map { $_->{state} } @{$res->get('decisions')}),
    'GRANTED REVOKED', '... after it was approved');
is(left($event), 1, '... one is back');
is_problem(decide($claims[0], 'revoke', 'ADMIN'), 409, 'NOT_GRANTED',
    '... once');
is_problem($g->claim($event, $users[0]), 409, 'ALREADY_CLAIMED',
    '... and its user has had a turn');
is_problem(decide('cl_00000000000000000000000000', 'revoke', 'ADMIN'), 404,
    'NOT_FOUND', 'no such claim');

# On the internal port.
$res = $g->call(POST => '/v1/claims/' . $claims[2]->get('claimId') .
    '/approve', on => 'event', basic => 1, json => {});
is($res->get('decisions')->[0]{by}, 'service', 'a service may approve');

# Without a limit, and where only one of the rewards needs approval.
my $free = $g->new_event(rewards => [{%item, stock => undef},
    {type => 'POINT', name => 'P', quantity => 1}]);
my $waits = $g->claim($free, $users[5]);
is($waits->get('state'), 'PENDING', 'one of the rewards needs approval');
is(decide($waits, 'reject', 'ADMIN')->get('state'), 'REJECTED',
    '... and is rejected with the others');

# Many at once: one decides.
for my $round (1 .. 5) {
	my $one = $g->new_event(rewards => [{%item, stock => 1}]);
	my $claim = $g->claim($one, $users[6])->get('claimId');
	my @answers = http_all(map { my $verb = $_ % 2 ? 'approve' : 'reject';
	    $g->request(POST => "/v1/claims/$claim/$verb", as => 'ADMIN',
	    json => {reason => "number $_"}) } 1 .. 16);
	my @good = grep { $_->status == 200 } @answers;
	is(scalar @good, 1, "round $round: one of 16 decides");
	is(join(' ', grep { $_ ne '409 NOT_PENDING' } map { $_->brief }
	    grep { $_->status != 200 } @answers), '', '... the others may not');
	my $state = $good[0]->get('state');
	is(left($one), $state eq 'GRANTED' ? 0 : 1, "... $state");
	next if $state ne 'GRANTED';
	@answers = http_all(map { $g->request(POST =>
	    "/v1/claims/$claim/revoke", as => 'ADMIN',
	    json => {reason => "number $_"}) } 1 .. 16);
	is(scalar(grep { $_->status == 200 } @answers), 1,
	    '... revoked by one of 16');
	is(left($one), 1, '... and back once');
}

# Expiry.
my $short = $g->new_event(rewards => [{%item, stock => 2,
    claimWindow => 'PT5S'}, {%item, stock => undef, claimWindow => 'P1D'}]);
my $late = $g->claim($short, $users[6]);
is($late->status, 201, 'a claim that expires');
ok($late->get('expiresAt') gt $late->get('createdAt'), '... soon');
is(decide($late, 'approve', 'ADMIN', {})->get('state'), 'GRANTED',
    'one is approved in time');
ok(!exists $g->call(GET => '/v1/claims/' . $late->get('claimId'),
    as => 'ADMIN')->json->{expiresAt}, '... and expires no more');
my $gone = $g->claim($short = $g->new_event(rewards => [{%item, stock => 2,
    claimWindow => 'PT1S'}]), $users[7]);
my $over = sub { $g->guerdon('sweep');
	$g->call(GET => '/v1/claims/' . $gone->get('claimId'),
	as => 'ADMIN')->get('state') eq 'EXPIRED' };
ok($g->wait_for($over, 5), 'it expires by the sweep');
$res = $g->call(GET => '/v1/claims/' . $gone->get('claimId'), as => 'ADMIN');
is_deeply([map { $_->{state}, $_->{by} } @{$res->get('decisions')}],
    ['EXPIRED', 'sweep'], '... which says so');
is(left($short), 2, '... its unit is back');
is_problem(decide($gone, 'approve', 'ADMIN', {}), 409, 'NOT_PENDING',
    '... and nobody can approve it');

# Input.
for my $window (qw(P P1 PT 7D P1Y P1M P1W1D PT0S P99999D -P1D)) {
	$res = $g->call(POST => "/v1/events/$event->{eventId}/rewards",
	    as => 'OPERATOR', json => {%item, claimWindow => $window});
	is_status($res, 400, "a claim window of $window is refused");
}
for my $window (qw(P7D P2W PT36H P1DT30M PT1H5M7S)) {
	$res = $g->call(POST => "/v1/events/$event->{eventId}/rewards",
	    as => 'OPERATOR', json => {%item, claimWindow => $window});
	is_status($res, 201, "... one of $window not");
}

done_testing;
