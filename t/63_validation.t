#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Validation of events: everything that is wrong is said at once, with its
# place, and nothing is stored.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my %good = (title => 'T', startsAt => '2026-01-01T00:00:00Z',
    endsAt => '2026-02-01T00:00:00Z');
my %reward = (type => 'POINT', name => 'R', quantity => 1);

sub post { return $g->call(POST => '/v1/events', as => 'OPERATOR', json => $_[0]) }

# [what is wrong, the event, its faults]
my @cases = (
    ['everything is missing', {}, '/endsAt REQUIRED', '/startsAt REQUIRED',
	'/title REQUIRED'],
    ['an empty title', {%good, title => ''}, '/title TOO_SHORT'],
    ['a long title', {%good, title => "\x{1f381}" x 201}, '/title TOO_LONG'],
    ['a long description', {%good, description => 'x' x 4001},
	'/description TOO_LONG'],
    ['a null description', {%good, description => undef},
	'/description WRONG_TYPE'],
    ['another status', {%good, status => 'CLOSED'}, '/status NOT_IN_ENUM'],
    ['rewards that are no array', {%good, rewards => {}},
	'/rewards WRONG_TYPE'],
    ['a reward that is no object', {%good, rewards => ['x']},
	'/rewards/0 WRONG_TYPE'],
    ['an empty reward', {%good, rewards => [{}]}, '/rewards/0/name REQUIRED',
	'/rewards/0/quantity REQUIRED', '/rewards/0/type REQUIRED'],
    ['the second reward', {%good, rewards => [\%reward, {%reward,
	quantity => 0, name => ''}]}, '/rewards/1/name TOO_SHORT',
	'/rewards/1/quantity OUT_OF_RANGE'],
    ['a member that is not known', {%good, 'x/y~z' => 1},
	'/x~1y~0z UNKNOWN_MEMBER'],
    ['details of all kinds', {%good, rewards => [{%reward, details =>
	{a => undef, b => 1.5, c => [], 'd e' => 1}}]},
	'/rewards/0/details/a WRONG_TYPE', '/rewards/0/details/b WRONG_TYPE',
	'/rewards/0/details/c WRONG_TYPE', '/rewards/0/details/d e WRONG_NAME'],
    ['an end at the start', {%good, endsAt => $good{startsAt}},
	'/endsAt OUT_OF_RANGE'],
    ['an end before the start', {%good, endsAt => '2025-12-31T23:59:59.999Z'},
	'/endsAt OUT_OF_RANGE'],
    ['the same instant in two offsets', {%good,
	endsAt => '2026-01-01T01:00:00+01:00'}, '/endsAt OUT_OF_RANGE'],
    ['an end that looks later and is not', {%good,
	endsAt => '2026-01-01T05:00:00+06:00'}, '/endsAt OUT_OF_RANGE'],
    ['a bit of everything', {title => 7, startsAt => 1, endsAt => 'x',
	status => undef, rewards => [{%reward, type => 'X'}], y => 0},
	'/endsAt WRONG_FORMAT', '/rewards/0/type NOT_IN_ENUM',
	'/startsAt WRONG_TYPE', '/status WRONG_TYPE', '/title WRONG_TYPE',
	'/y UNKNOWN_MEMBER'],
);
for my $case (@cases) {
	my ($name, $event, @faults) = @$case;
	my $res = post($event);
	is_problem($res, 400, 'VALIDATION_FAILED', $name);
	is_deeply([faults($res)], [sort @faults], '... all that is wrong') or
	    diag($res->body);
}

for my $bad ('2026-01-01', '2026-01-01T00:00:00', '2026-01-01 00:00:00Z',
    '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2025-02-29T00:00:00Z',
    '2026-01-01T24:00:00Z', '2026-01-01T00:60:00Z', '2026-01-01T00:00:60Z',
    '2026-01-01T00:00Z', '2026-01-01T00:00:00.Z', '2026-01-01T00:00:00+0100',
    '2026-01-01T00:00:00+25:00', '2026-01-01T00:00:00 Z', '26-01-01T00:00:00Z',
    '+02026-01-01T00:00:00Z', '2026-01-01T00:00:00Zx', '2026-W01-1T00:00:00Z',
    '0000-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01', '') {
	is_deeply([faults(post({%good, startsAt => $bad}))],
	    ['/startsAt WRONG_FORMAT'], "no date-time: '$bad'");
}

# At most 50 faults are said.
my $res = post({%good, map { ("x$_" => 1) } 1 .. 80});
is_problem($res, 400, 'VALIDATION_FAILED', '80 faults');
is(scalar(my @said = faults($res)), 50, '... the first 50 are said');

# Lengths count characters, not bytes.
is_status(post({%good, title => "\x{1f381}" x 200}), 201,
    'a title of 200 characters, 800 bytes');
is(scalar $g->list('/v1/events', as => 'OPERATOR'), 1,
    'nothing of all that is stored but the good one');

done_testing;
