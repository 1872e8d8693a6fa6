#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Lists: newest first, pages by cursor that show nothing twice and miss nothing
# that was there from the start, also while more is added.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my @types = qw(POINT ITEM COUPON CASH);
my $n = 0;

# An event with as many rewards, of types in turn.
sub event {
	my ($count) = @_;

	return $g->new_event(title => 'e' . ++$n, rewards => [map {
	    {type => $types[$_ % 4], name => "$n.$_", quantity => 1} }
	    0 .. $count - 1]);
}
my @events = map { event($_) } 3, 0, 1, 7, 2, 0, 4, 1, 5, 2, 1, 0;
my @rewards = map { reverse @{$_->{rewards}} } reverse @events;

sub ids { return map { $_->{eventId} } @_ }
sub names { return map { $_->{name} } @_ }

# Every page size gives the same list.
for my $limit (1, 2, 5, 11, 12, 13, 100) {
	is_deeply([ids($g->list("/v1/events?limit=$limit", as => 'USER'))],
	    [ids(reverse @events)], "events by $limit: all, newest first");
	is_deeply([names($g->list("/v1/rewards?limit=$limit", as => 'USER'))],
	    [names(@rewards)], "rewards by $limit: all, newest first");
}
for my $type (@types) {
	is_deeply([names($g->list("/v1/rewards?type=$type&limit=2",
	    as => 'USER'))], [names(grep { $_->{type} eq $type } @rewards)],
	    "rewards of type $type");
}
is_deeply([names($g->list("/v1/rewards?eventId=$events[3]{eventId}&limit=2",
    as => 'USER'))], [names(reverse @{$events[3]{rewards}})],
    'rewards of an event');
is_deeply([names($g->list("/v1/rewards?eventId=$events[3]{eventId}&type=ITEM",
    as => 'USER'))], ['4.5', '4.1'], '... of a type');
is_deeply([$g->list("/v1/rewards?eventId=$_", as => 'USER')], [],
    "rewards of $_: none") for $events[1]{eventId}, 'nonsense',
    'ev_00000000000000000000000000';
is_deeply($g->call(GET => '/v1/events?limit=1', as => 'USER')->get('items')->[0],
    $g->call(GET => "/v1/events/$events[-1]{eventId}", as => 'USER')->json,
    'an item is the whole event');
is_deeply($g->call(GET => '/v1/rewards?limit=1', as => 'USER')->get('items')
    ->[0], $rewards[0], 'an item is the whole reward');

# The page itself.
my $page = $g->call(GET => '/v1/events', as => 'USER');
is(members($page), 'items next', 'a page has items and next');
is(scalar @{$page->get('items')}, 12, 'twelve fit on one page');
ok(exists $page->json->{next} && !defined $page->get('next'),
    '... and next is null');
is($page->header('Link'), undef, '... without a Link');
is($g->call(GET => '/v1/events?limit=12', as => 'USER')->get('next'), undef,
    'a page that ends the list is the last');
$page = $g->call(GET => '/v1/events?limit=11', as => 'USER');
ok(defined $page->get('next'), 'one less is not');
my ($link) = ($page->header('Link') // '') =~ /^<([^>]+)>; rel="next"$/;
is_deeply([ids(@{$g->call(GET => $link, as => 'USER')->get('items')})],
    [$events[0]{eventId}], '... and its Link leads to the rest');
event(0) for 1 .. 12;
is(scalar @{$g->call(GET => '/v1/events', as => 'USER')->get('items')}, 20,
    'twenty by default');

# Bounds.
for my $path ('/v1/events', '/v1/rewards', '/v1/claims', '/v1/audit',
    '/v1/users', '/v1/users/me/claims') {
	has_fault($g->call(GET => "$path?limit=$_", as => 'ADMIN'), '?limit',
	    "$path?limit=$_") for '0', '101', '-1', 'x', '1.5', '', '1e1',
	    '99999999999999999999', '%201';
	is_status($g->call(GET => "$path?limit=$_", as => 'ADMIN'), 200,
	    "$path?limit=$_") for '1', '100';
	is_problem($g->call(GET => "$path?cursor=$_", as => 'ADMIN'), 400,
	    'INVALID_CURSOR', "$path?cursor=" . substr $_, 0, 30)
	    for 'x', '', 'AAAA', 'A' x 64, '%2B%2F=',
	    'null', $events[0]{eventId};
}

# Cursors that were not given for this list.
my %cursor;
for my $path ('/v1/events', '/v1/rewards', '/v1/events?status=ACTIVE',
    "/v1/rewards?eventId=$events[3]{eventId}", '/v1/rewards?type=ITEM') {
	my $mark = $path =~ /\?/ ? '&' : '?';
	$cursor{$path} = $g->call(GET => "$path${mark}limit=1", as => 'ADMIN')
	    ->get('next');
}
for my $path (sort keys %cursor) {
	my $mark = $path =~ /\?/ ? '&' : '?';
	for my $from (sort keys %cursor) {
		my $res = $g->call(GET => "$path${mark}cursor=$cursor{$from}",
		    as => 'ADMIN');
		if ($from eq $path) {
			is_status($res, 200, "$path: its own cursor");
		} else {
			is_problem($res, 400, 'INVALID_CURSOR',
			    "$path: the cursor of $from");
		}
	}
}
my $good = $cursor{'/v1/events'};
my @changed = map { my $c = $good;
    substr($c, $_, 1) = substr($c, $_, 1) eq 'A' ? 'B' : 'A'; $c }
    0, 10, int(length($good) / 2), length($good) - 3;
is_problem($g->call(GET => "/v1/events?cursor=$_", as => 'ADMIN'), 400,
    'INVALID_CURSOR', 'a changed cursor') for @changed, "${good}A",
    substr($good, 0, -2), lc $good, "$good=";
is_status($g->call(GET => "/v1/events?limit=50&cursor=$good", as => 'ADMIN'),
    200, 'a cursor is good for another page size');

# While more is added, and things change, by eight writers.
my @start = ids($g->list('/v1/events?limit=100', as => 'USER'));
my @names = names($g->list('/v1/rewards?limit=100', as => 'USER'));
for my $list (['/v1/events', sub { ids(@_) }, \@start],
    ['/v1/rewards', sub { names(@_) }, \@names]) {
	my ($path, $of, $from_start) = @$list;
	my ($next, @seen, @new) = ('');
	while (defined $next) {
		my $res = $g->call(GET => "$path?limit=3" . ($next ne '' ?
		    "&cursor=$next" : ''), as => 'USER');
		is_status($res, 200, "$path: a page") if $res->status != 200;
		push @seen, $of->(@{$res->get('items')});
		$next = $res->get('next');
		http_all((map { $g->request(POST => '/v1/events', as =>
		    'OPERATOR', json => {title => 'late', startsAt =>
		    '2020-01-01T00:00:00Z', endsAt => '2090-01-01T00:00:00Z',
		    rewards => [{type => 'ITEM', name => 'late', quantity => 1}]})
		    } 1 .. 4), map { $g->request(POST =>
		    "/v1/events/$events[$_]{eventId}/rewards", as =>
		    'OPERATOR', json => {type => 'CASH', name =>
		    'late' . rand, quantity => 1}) } map { int rand @events } 1 .. 4);
	}
	my %count;
	$count{$_}++ for grep { !/^late$/ } @seen;
	is(join(' ', grep { $count{$_} > 1 } keys %count), '',
	    "$path: nothing twice while more is added");
	is(join(' ', grep { !$count{$_} } @$from_start), '',
	    '... and nothing missed that was there');
}

done_testing;
