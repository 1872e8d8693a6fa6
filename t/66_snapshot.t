#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A claim keeps what it saw: no later change of the event or of its rewards
# shows in it, in whichever list it is read.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $event = $g->new_event(title => 'as it was', description => 'then');
my $reward = $event->{rewards}[0];
my $path = "/v1/claims/" . $g->claim($event, 'USER')->get('claimId');
my $before = $g->call(GET => $path, as => 'USER')->body;

sub change {
	my ($target, $change) = @_;
	my $res = $g->call(PATCH => $target, as => 'OPERATOR', json => $change,
	    headers => ['If-Match', '*']);
	is_status($res, 200, "$target is changed");
	is($g->call(GET => $path, as => 'USER')->body, $before,
	    '... and the claim is byte for byte as before');
}

change("/v1/rewards/$reward->{rewardId}", {name => 'less', quantity => 1,
    details => {wallet => undef, note => 'changed'}});
change("/v1/events/$event->{eventId}", {title => 'as it is now',
    description => undef});
change("/v1/events/$event->{eventId}", {startsAt => '2021-01-01T00:00:00Z',
    endsAt => '2021-02-01T00:00:00Z'});
change("/v1/events/$event->{eventId}", {status => 'PAUSED'});
is_status($g->call(POST => "/v1/events/$event->{eventId}/rewards", as =>
    'OPERATOR', json => {type => 'ITEM', name => 'more', quantity => 1}), 201,
    'a reward is added');
is($g->call(GET => $path, as => 'USER')->body, $before, '... not to the claim');

my $claim = $g->call(GET => $path, as => 'AUDITOR')->json;
is($claim->{snapshot}{event}{title}, 'as it was', 'the title of then');
is($claim->{snapshot}{event}{version}, 1, '... in the version of then');
is($claim->{snapshot}{event}{status}, 'ACTIVE', '... open');
is_deeply($claim->{rewards}, [$reward], '... and the reward of then');
is_deeply([$g->list('/v1/users/me/claims', as => 'USER')], [$claim],
    "the user's list has it so");
is_deeply([$g->list("/v1/claims?eventId=$event->{eventId}", as => 'AUDITOR')],
    [$claim], '... and the list of all');

# Another claim sees the event as it is for it.
$g->call(PATCH => "/v1/events/$event->{eventId}", as => 'OPERATOR', json =>
    {status => 'ACTIVE', startsAt => '2020-01-01T00:00:00Z',
    endsAt => '2090-01-01T00:00:00Z'}, headers => ['If-Match', '*']);
my $later = $g->claim($event, $g->new_user);
is($later->get('snapshot')->{event}{title}, 'as it is now',
    'a later claim has the title of its time');
is(join(' ', map { "$_->{name}:$_->{quantity}" } @{$later->get('rewards')}),
    'less:1 more:1', '... and its rewards');
is_deeply($later->get('rewards')->[0]{details}, {note => 'changed'},
    '... and their details');

done_testing;
