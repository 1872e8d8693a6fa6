#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# ETag, If-None-Match and If-Match on events and rewards.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;

sub event_and_reward {
	my $event = $g->new_event;
	return ("/v1/events/$event->{eventId}",
	    "/v1/rewards/$event->{rewards}[0]{rewardId}");
}

sub patch {
	my ($path, $tag, $change) = @_;
	return $g->request(PATCH => $path, as => 'OPERATOR', json => $change,
	    headers => [defined $tag ? ('If-Match', $tag) : ()]);
}

my ($event, $reward) = event_and_reward();
for my $path ($event, $reward) {
	my $change = $path eq $event ? {title => 'new'} : {name => 'new'};
	my $kind = $path eq $event ? 'event' : 'reward';
	my $res = $g->call(GET => $path, as => 'USER');
	my $tag = $res->header('ETag');
	like($tag, qr/^"[^"]+"$/, "$kind: a strong ETag");

	for my $match ($tag, "W/$tag", '*', "\"x\", $tag", "$tag,\"y\"") {
		$res = $g->call(GET => $path, as => 'USER',
		    headers => ['If-None-Match', $match]);
		is_status($res, 304, "$kind: If-None-Match: $match");
		is($res->body, '', '... has no body');
		is($res->header('ETag'), $tag, '... has the ETag');
	}
	for my $other ('"other"', 'W/"other"', $tag =~ s/"$/0"/r,
	    $tag =~ s/"//gr) {
		is_status($g->call(GET => $path, as => 'USER',
		    headers => ['If-None-Match', $other]), 200,
		    "$kind: If-None-Match: $other");
	}

	is_problem($g->call(PATCH => $path, as => 'OPERATOR', json => $change),
	    428, 'PRECONDITION_REQUIRED', "$kind: PATCH without If-Match");
	for my $stale ('"999"', "W/$tag", '"x", "y"', $tag =~ s/"//gr) {
		is_problem(Guerdon::Http::http(patch($path, $stale, $change)),
		    412, 'PRECONDITION_FAILED',
		    "$kind: PATCH with If-Match: $stale");
	}
	is($g->call(GET => $path, as => 'USER')->header('ETag'), $tag,
	    '... has changed nothing');

	$res = Guerdon::Http::http(patch($path, "\"x\", $tag", $change));
	is_status($res, 200, "$kind: PATCH with the ETag");
	my $next = $res->header('ETag');
	isnt($next, $tag, '... gives another one');
	is($g->call(GET => $path, as => 'USER')->header('ETag'), $next,
	    '... which GET gives too');
	is_problem(Guerdon::Http::http(patch($path, $tag, $change)), 412,
	    'PRECONDITION_FAILED', '... and the old one is stale');
	is_status(Guerdon::Http::http(patch($path, '*', $change)), 200,
	    "$kind: If-Match: *");

	# Of several writers with one ETag one wins.
	$tag = $g->call(GET => $path, as => 'USER')->header('ETag');
	my @answers = http_all(map { patch($path, $tag,
	    $path eq $event ? {title => "t$_"} : {name => "n$_"}) } 1 .. 8);
	is(join(' ', sort map { $_->status } @answers),
	    '200 412 412 412 412 412 412 412',
	    "$kind: of 8 writers at once one wins");
}

# A reward is a part of its event: a change of it is one of the event.
($event, $reward) = event_and_reward();
my $before = $g->call(GET => $event, as => 'USER');
is_status(Guerdon::Http::http(patch($reward, '*', {quantity => 7})), 200,
    'a reward is changed');
my $after = $g->call(GET => $event, as => 'USER');
isnt($after->header('ETag'), $before->header('ETag'),
    '... and so is the ETag of its event');
is($after->get('version'), $before->get('version') + 1,
    '... and its version, by one');
is($after->get('rewards')->[0]{quantity}, 7, '... and its reward');

my $created = $g->call(POST => '/v1/events', as => 'OPERATOR', json => {
    title => 'T', startsAt => '2020-01-01T00:00:00Z',
    endsAt => '2021-01-01T00:00:00Z'});
like($created->header('ETag'), qr/^"[^"]+"$/, 'POST gives an ETag');
is($g->call(GET => $created->header('Location'), as => 'OPERATOR')
    ->header('ETag'), $created->header('ETag'),
    '... that GET of Location gives too');

done_testing;
