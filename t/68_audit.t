#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The audit: a record for every attempt that the gateway lets through, granted
# or refused, within two seconds; and none for what it refuses.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $user = $g->new_user;
my $event = $g->new_event;
my $draft = $g->new_event(status => 'DRAFT');
my $over = $g->new_event(endsAt => '2020-01-02T00:00:00Z');
my $bare = $g->new_event(rewards => []);
my $absent = 'ev_00000000000000000000000000';

# [event, who, options, status, code]
my @attempts = (
    [$event, $user, {}, 201, 'GRANTED'],
    [$event, $user, {}, 409, 'ALREADY_CLAIMED'],
    [$event, 'ADMIN', {json => {}}, 201, 'GRANTED'],
    [$draft, $user, {}, 404, 'NOT_FOUND'],
    [$draft, 'ADMIN', {}, 409, 'EVENT_NOT_OPEN'],
    [$over, $user, {}, 409, 'EVENT_NOT_OPEN'],
    [$bare, $user, {}, 409, 'NO_REWARDS'],
    [$absent, $user, {}, 404, 'NOT_FOUND'],
    ['nonsense', $user, {}, 404, 'NOT_FOUND'],
    [$event, $user, {body => '{'}, 400, 'MALFORMED_JSON'],
    [$event, $user, {body => '[]'}, 400, 'VALIDATION_FAILED'],
    [$event, $user, {json => {userId => 'x', password => 'hush'}}, 400,
	'VALIDATION_FAILED'],
    [$event, $user, {body => '{"$gt":{"a.b":1}}'}, 400, 'VALIDATION_FAILED'],
);
my @answers = map { $g->claim($_->[0], $_->[1], %{$_->[2]}) } @attempts;
my $done = time;
my @found = map { [$g->audit('traceId=' . $_->trace, 1, 2)] } @answers;
cmp_ok(time - $done, '<', 2.5, 'all records are there within two seconds');

for my $i (0 .. $#attempts) {
	my ($to, $who, $o, $status, $code) = @{$attempts[$i]};
	my ($res, @records) = ($answers[$i], @{$found[$i]});
	my $r = $records[0] // {};
	my $id = ref $to ? $to->{eventId} : $to;
	is($res->brief, $status == 201 ? 201 : "$status $code",
	    "attempt $i: $status $code");
	is(scalar @records, 1, '... leaves one record');
	is(members($r), 'at auditId durationMs eventId operation request ' .
	    'result traceId userId', '... with the members of an AuditRecord');
	is($r->{result}{status}, $status, '... the status');
	is($r->{result}{code}, $code, '... the code');
	is($r->{result}{claimId}, $res->get('claimId'), '... the claim');
	is($r->{userId}, ref $who ? $who->{userId} :
	    $g->person($who)->{userId}, '... the user');
	is($r->{eventId}, $id, '... the event as the path names it');
	is($r->{operation}, 'claim_create', '... the operation');
	is($r->{request}{method}, 'POST', '... the method');
	is($r->{request}{path}, "/v1/events/$id/claims", '... the path');
	like($r->{at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, '... when');
	ok($r->{durationMs} >= 0 && $r->{durationMs} < 5000, '... how long');
}
is($found[0][0]{request}{body}, undef, 'without a body the body is null');
is_deeply($found[2][0]{request}{body}, {}, '{} is {}');
is($found[9][0]{request}{body}, undef, 'what is no JSON is null');
is($found[10][0]{request}{body}, undef, '... and so is what is no object');

# What the gateway refuses leaves none.
my @before = $g->list('/v1/audit?limit=100', as => 'AUDITOR');
is(scalar @before, scalar @attempts, 'as many records as attempts');
$g->claim($event, undef);
$g->claim($event, 'x.y.z');
$g->claim($event, 'OPERATOR');
$g->claim($event, $user, body => 'x', type => 'text/plain');
$g->claim($event, $user, body => ' ' x 70_000);
$g->call(GET => "/v1/events/$event->{eventId}/claims", as => $user);
$g->call(POST => "/v1/events/$event->{eventId}/claims", on => 'event',
    basic => 1);
my $last = $g->claim($event, $user);
$g->audit('traceId=' . $last->trace, 1);
my @all = $g->list('/v1/audit?limit=4', as => 'AUDITOR');
is(scalar @all, @before + 1, 'what is not let through leaves none');

# Filters, pages, order.
my @ids = map { $_->{auditId} } @all;
is_deeply(\@ids, [sort { $b cmp $a } @ids], 'newest first');
sub listed {
	my ($query) = @_;
	return [map { $_->{auditId} } $g->list("/v1/audit?$query&limit=2",
	    as => 'AUDITOR')];
}
sub those { my ($test) = @_; return [map { $_->{auditId} } grep { $test->($_) }
    @all] }
my $admin = $g->person('ADMIN')->{userId};
is_deeply(listed("userId=$admin"), those(sub { $_[0]{userId} eq $admin }),
    'by user');
is_deeply(listed("eventId=$event->{eventId}"),
    those(sub { $_[0]{eventId} eq $event->{eventId} }), 'by event');
is_deeply(listed('eventId=nonsense'), those(sub { $_[0]{eventId} eq 'nonsense' }),
    '... that is none');
for my $code (qw(GRANTED ALREADY_CLAIMED NOT_FOUND NO_REWARDS
    VALIDATION_FAILED)) {
	is_deeply(listed("code=$code"), those(sub {
	    $_[0]{result}{code} eq $code }), "by code $code");
}
is_deeply(listed("code=GRANTED&userId=$user->{userId}"), those(sub {
    $_[0]{result}{code} eq 'GRANTED' && $_[0]{userId} eq $user->{userId} }),
    'by code and user');
is_deeply(listed("from=$all[5]{at}"), those(sub { $_[0]{at} ge $all[5]{at} }),
    'from a time');
is_deeply(listed("to=$all[5]{at}"), those(sub { $_[0]{at} lt $all[5]{at} }),
    'to a time');
is_deeply(listed('traceId=' . '0' x 32), [], 'a trace that is not there');
has_fault($g->call(GET => "/v1/audit?$_", as => 'AUDITOR'),
    '?' . (split /=/)[0], "refused: $_") for 'traceId=x', 'code=granted',
    'from=x', 'to=x', 'claimId=x', 'traceId=' . 'A' x 32;

# One trace may hold several attempts.
my $trace = sprintf '%032x', 7 + int rand 2**31;
my @parent = (headers => ['traceparent', "00-$trace-00f067aa0ba902b7-01"]);
$g->claim($event, $user, @parent) for 1 .. 3;
is(scalar $g->audit("traceId=$trace", 3), 3, 'three attempts in one trace');

# Nothing secret in it.
my $whole = $g->call(GET => '/v1/audit?limit=100', as => 'AUDITOR')->body;
unlike($whole, qr/\Q$user->{token}\E|[Bb]earer|hush/, 'no credentials');

done_testing;
