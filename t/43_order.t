#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The order of refusals: of several faults in one request the first of
# 404 or 405, 401, 403, 415 or 413, 400, 428, 404 of the object or 412, 409.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $event = $g->new_event;
my $real = "/v1/events/$event->{eventId}";
my $absent = '/v1/events/ev_00000000000000000000000000';
my $malformed = '/v1/events/nonsense';
my @stale = (headers => ['If-Match', '"999"']);
my $big = 'x' x 70_000;

# [method, path, options, status, code, what is said]
my @cases = (
    [DELETE => '/v1/nothing', {body => $big, type => 'text/plain'},
	404, 'NOT_FOUND', 'an unknown path before everything'],
    [DELETE => '/v1/events', {body => $big, type => 'text/plain'},
	405, 'METHOD_NOT_ALLOWED', 'an unknown method before 401'],
    [POST => '/v1/events', {body => $big, type => 'text/plain'},
	401, 'UNAUTHENTICATED', '401 before 413 and 415'],
    [POST => '/v1/events', {as => 'bad.to.ken', body => '{'},
	401, 'INVALID_TOKEN', '401 before 400'],
    [PATCH => $absent, {json => {}},
	401, 'UNAUTHENTICATED', '401 before 428 and 404'],
    [POST => '/v1/events', {as => 'USER', body => $big, type => 'text/plain'},
	403, 'INSUFFICIENT_ROLE', '403 before 413 and 415'],
    [POST => '/v1/events', {as => 'USER', body => '{'},
	403, 'INSUFFICIENT_ROLE', '403 before 400'],
    [PATCH => $malformed, {as => 'USER', json => {title => 'x'}},
	403, 'INSUFFICIENT_ROLE', '403 before 404 of a malformed id'],
    [PATCH => $absent, {as => 'AUDITOR', json => {title => 'x'}},
	403, 'INSUFFICIENT_ROLE', '403 before 428 and 404'],
    [PATCH => $absent, {as => 'OPERATOR', body => '{', type => 'text/plain'},
	415, 'UNSUPPORTED_MEDIA_TYPE', '415 before 400'],
    [PATCH => $absent, {as => 'OPERATOR', body => $big},
	413, 'BODY_TOO_LARGE', '413 before 400'],
    [PATCH => $absent, {as => 'OPERATOR', body => '{'},
	400, 'MALFORMED_JSON', '400 before 428 and 404'],
    [PATCH => $absent, {as => 'OPERATOR', json => {no => 1}, @stale},
	400, 'VALIDATION_FAILED', '400 before 404'],
    [PATCH => "$absent?x=1", {as => 'OPERATOR', json => {title => 'x'}},
	400, 'VALIDATION_FAILED', '400 of the query before 428'],
    [GET => "$absent?x=1", {as => 'USER'},
	400, 'VALIDATION_FAILED', '400 of the query before 404'],
    [GET => "$malformed?x=1", {as => 'USER'},
	400, 'VALIDATION_FAILED', '... of a malformed id too'],
    [PATCH => $real, {as => 'OPERATOR', json => {title => ''}, @stale},
	400, 'VALIDATION_FAILED', '400 before 412'],
    [PATCH => $absent, {as => 'OPERATOR', json => {title => 'x'}},
	428, 'PRECONDITION_REQUIRED', '428 before 404'],
    [PATCH => $malformed, {as => 'OPERATOR', json => {title => 'x'}},
	428, 'PRECONDITION_REQUIRED', '... of a malformed id too'],
    [PATCH => $absent, {as => 'OPERATOR', json => {title => 'x'}, @stale},
	404, 'NOT_FOUND', 'what is not there has no version'],
    [PATCH => $malformed, {as => 'OPERATOR', json => {title => 'x'}, @stale},
	404, 'NOT_FOUND', 'a malformed id is 404'],
    [PATCH => $real, {as => 'OPERATOR', json => {title => 'x'}, @stale},
	412, 'PRECONDITION_FAILED', '412 at last'],
    [POST => "$absent/claims", {as => 'USER', json => {x => 1}},
	400, 'VALIDATION_FAILED', 'a claim: 400 before 404'],
    [POST => "$malformed/claims", {as => 'OPERATOR'},
	403, 'INSUFFICIENT_ROLE', 'a claim: 403 before 404'],
    [POST => "$absent/claims", {as => 'USER'},
	404, 'NOT_FOUND', 'a claim: 404 before 409'],
    [POST => "$malformed/claims", {as => 'USER'},
	404, 'NOT_FOUND', 'a claim: a malformed id is 404'],
);

for my $case (@cases) {
	my ($method, $path, $o, $status, $code, $name) = @$case;
	is_problem($g->call($method => $path, %$o), $status, $code, $name);
}

# The same on an internal port, where Basic takes the place of Bearer.
is_problem($g->call(POST => '/v1/events', on => 'event', body => '{',
    type => 'text/plain'), 401, 'UNAUTHENTICATED', 'inside: 401 before 415');
is_problem($g->call(POST => "$absent/claims", on => 'event', basic => 1,
    body => '{', type => 'text/plain'), 403, 'NO_SUBJECT',
    'inside: 403 before 415');
is_problem($g->call(PATCH => $absent, on => 'event', basic => 1,
    json => {title => 'x'}), 428, 'PRECONDITION_REQUIRED',
    'inside: 428 before 404');

done_testing;
