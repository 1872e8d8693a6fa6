#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Idempotency-Key: the same answer again, one at work at a time, another body
# is refused, and one object whoever dies.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Assert;
use Guerdon::Http qw(http http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 3);
my $m = Guerdon::Mongo->new($g);
my $serial = 0;
my %period = (startsAt => '2020-01-01T00:00:00Z',
    endsAt => '2090-01-01T00:00:00Z');

sub key { return (headers => ['Idempotency-Key', $_[0]]) }
sub event_new { return $g->request(POST => '/v1/events', as => $_[2] //
    'OPERATOR', json => {title => $_[1], %period}, key($_[0])) }
sub replayed { return $_[0]->header('Idempotency-Replayed') // '' }

# Each operation that creates: the same answer, and one object.
my $event = $g->new_event;
my $user = $g->new_user;
my %calls = (
    event => ['/v1/events', 'OPERATOR', {title => 'E', %period}],
    reward => ["/v1/events/$event->{eventId}/rewards", 'ADMIN',
	{type => 'ITEM', name => 'R', quantity => 1}],
    claim => ["/v1/events/$event->{eventId}/claims", $user, {}],
    staff => ['/v1/staff', 'ADMIN', {email => 'staff@example.org',
	name => 'S', password => 'correct horse battery', role => 'AUDITOR'}],
);
for my $name (sort keys %calls) {
	my ($path, $as, $body) = @{$calls{$name}};
	my ($first, $again) = map { $g->call(POST => $path, as => $as,
	    json => $body, key("k-$name")) } 1 .. 2;
	is_status($first, 201, "$name: made");
	is(replayed($first), '', '... at first');
	is_status($again, 201, '... the same answer');
	is(replayed($again), 'true', '... again');
	is($again->body, $first->body, '... byte by byte');
	is($again->header($_), $first->header($_), "... $_")
	    for qw(Location ETag Content-Type);
	isnt($again->trace, $first->trace, '... in a trace of its own');
	if ($name ne 'claim') {
		my $other = $g->call(POST => $path, as => $as,
		    json => {%$body, $name eq 'event' ? 'title' : 'name' => 'X'},
		    key("k-$name"));
		is_problem($other, 422, 'IDEMPOTENCY_KEY_REUSED',
		    '... another body is refused');
	}
	is_status($g->call(POST => $path, as => $as, json => $body),
	    {event => 201, reward => 201}->{$name} // 409,
	    '... without a key it is a new request');
}
is($m->count('events', [title => 'E']), 2, 'one event a key');

# Refusals are kept, too; what was not tried is not.
my $once = $g->claim($event, $user, key('r1'));
is_problem($once, 409, 'ALREADY_CLAIMED', 'a refusal');
my $same = $g->claim($event, $user, key('r1'));
is_problem($same, 409, 'ALREADY_CLAIMED', '... is given again');
is(replayed($same), 'true', '... from memory');
is($same->get('claimId'), $once->get('claimId'), '... with its members');
is($same->header('Location'), $once->header('Location'), '... and headers');
is_status(http($g->request(POST => '/v1/events', as => 'OPERATOR', json =>
    {title => 'B', %period, endsAt => $period{startsAt}}, key('bad'))), 400,
    'a fault');
is_status(http(event_new('bad', 'B')), 201, '... may be mended under its key');

# Whose key it is.
my $one = http(event_new('mine', 'M'));
my $two = http(event_new('mine', 'M', 'ADMIN'));
is_status($two, 201, 'another user with the same key');
isnt($two->get('eventId'), $one->get('eventId'), '... has another event');

# What a key may be.
for my $bad ('x' x 256, 'a b', "\xc3\xa4") {
	has_fault(http(event_new($bad, 'T')), '?Idempotency-Key',
	    'no key: ' . length($bad) . ' bytes');
}
is_status(http(event_new('x' x 255, 'T')), 201, '255 characters');
for (1 .. 2) {
	my $res = http(event_new('', 'T'));
	is_status($res, 201, 'an empty one is none');
	is(replayed($res), '', '... and nothing is replayed');
}
is_status(http(event_new('"quoted"', 'T')), 201, 'as the draft spells it');

# 32 at once.
my @all = http_all(map { event_new('race', 'Race') } 1 .. 32);
my %count;
$count{$_->brief}++ for @all;
my %ids = map { $_->get('eventId') => 1 } grep { $_->status == 201 } @all;
is(keys %ids, 1, '32 at once: one event');
is(scalar(grep { $_->status == 201 && !replayed($_) } @all), 1,
    '... made by one of them');
is(join(' ', grep { !/^(?:201|409 IDEMPOTENCY_CONFLICT)$/ } keys %count), '',
    '... the others get it or are to wait') or diag(explain(\%count));
ok(!(grep { $_->status == 409 && !$_->header('Retry-After') } @all),
    '... and are told so by Retry-After');
is($m->count('events', [title => 'Race']), 1, '... it is there once');

# Its worker died after the write and before the answer was kept.
sub entry_of {
	my ($title) = @_;
	my ($made) = $m->find('events', [title => $title]);
	return ($m->find('idempotency', [attemptId => $made->{attemptId}]))[0];
}
my $lost = http(event_new('lost', 'Lost'));
my $entry = entry_of('Lost');
my $left = $entry->{expiresAt} / 1000 - time;
ok($left > 86300 && $left < 86401, 'an entry is kept for 24 hours');
my $text = $Guerdon::Stack::json->encode([$m->find('idempotency')]);
unlike($text, qr/correct horse/, 'no password is kept');
$m->update('idempotency', [_id => $entry->{_id}], \[['$set' =>
    [state => 'RUNNING', leaseUntil => '$expiresAt']]]);
my $wait = http(event_new('lost', 'Lost'));
is_problem($wait, 409, 'IDEMPOTENCY_CONFLICT', 'while a lease runs: wait');
is($wait->header('Retry-After'), 1, '... a second');
$m->update('idempotency', [_id => $entry->{_id}], ['$set' =>
    [state => 'RUNNING', owner => 'at_00000000000000000000000000'],
    '$unset' => [answer => '', leaseUntil => '']]);
my $after = http(event_new('lost', 'Lost'));
is_status($after, 201, 'a lease that has run out is taken over');
is(replayed($after), '', '... the work is done again');
is($after->get('eventId'), $lost->get('eventId'), '... and meets its event');
is($m->count('events', [title => 'Lost']), 1, '... which is there once');
is(replayed(http(event_new('lost', 'Lost'))), 'true', '... and is kept now');

# Expired.
$m->update('idempotency', [_id => $entry->{_id}], ['$unset' =>
    [expiresAt => '']]);
my $fresh = http(event_new('lost', 'Lost'));
is_status($fresh, 201, 'after its time a key is as new');
isnt($fresh->get('eventId'), $lost->get('eventId'), '... for another event');

# Workers are killed; each request is repeated under its key until answered.
my @titles = map { "Kill $_" } 1 .. 40;
my %made;
my $round = 0;
while (@titles && $round++ < 60) {
	my ($victim) = $g->workers('event');
	kill KILL => $victim if $victim && $round < 20;
	my @answers = http_all(map { event_new($_ =~ tr/ /-/r, $_) } @titles);
	for my $i (0 .. $#titles) {
		$made{$titles[$i]} = $answers[$i]->get('eventId')
		    if $answers[$i]->status == 201;
	}
	@titles = grep { !$made{$_} } @titles;
}
is(scalar keys %made, 40, "40 events are made, in $round rounds of kills");
is(scalar(grep { $m->count('events', [title => $_]) != 1 } keys %made), 0,
    '... each once');

# The audit has a record for each attempt, replayed or not.
my $trace = sprintf '%032x', 1 + int rand 2**31;
my $next = $g->new_event;
$g->claim($next, $user, headers => ['Idempotency-Key', 'audited',
    'traceparent', "00-$trace-00f067aa0ba902b7-01"]) for 1 .. 3;
my @records = $g->audit("traceId=$trace", 3, 5);
is(join(' ', map { $_->{result}{code} } @records), 'GRANTED GRANTED GRANTED',
    'three attempts with one key leave three records');
my %claims = map { $_->{result}{claimId} => 1 } @records;
is(scalar keys %claims, 1,
    '... of one claim');

done_testing;
