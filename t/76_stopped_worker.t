#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A worker stopped for 35 s while it claims: between the take and the insert,
# with the insert on its way, and with the insert done.  Meanwhile the sweep
# settles its hold, and others claim what that frees.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Assert;
use Guerdon::Http qw(http_drive);
use Guerdon::Mongo;
use Guerdon::Proxy;
use Guerdon::Stack;

use constant {
	HOLD => 30,	# seconds, from when on the sweep settles a hold
	STOP => 35,
};

my @stopped;
END { kill CONT => @stopped if @stopped }

# A database of its own if none is given: the proxy needs its address first.
# Workers wait long for their answers, or one that goes on would only see that
# its time is over, and not do what it was about to do.
my $devdb = $ENV{GUERDON_MONGO_URI} ? undef : Guerdon::Stack::Devdb->new;
my $proxy = Guerdon::Proxy->new($ENV{GUERDON_MONGO_URI} // $devdb->{uri});
my $g = Guerdon::Stack->new(workers => 4,
    uri => "$proxy->{uri}?socketTimeoutMS=60000");
my $m = Guerdon::Mongo->new($g);

# Which message is held when the worker is stopped, and whether the sweep then
# finds that nothing was stored.
my @cases = (
    {name => 'taken', what => 'before its insert', frees => 1,
	rule => ['answer', 'update', 'stock']},
    {name => 'asked', what => 'with its insert on the way', frees => 1,
	rule => ['ask', 'insert', 'claims']},
    {name => 'stored', what => 'before the answer to its insert', frees => 0,
	rule => ['answer', 'insert', 'claims']},
);

# Two units each: one for the slow user, one and then another for others.
for my $case (@cases) {
	$case->{event} = $g->new_event(rewards => [{type => 'COUPON',
	    name => 'C', quantity => 1, stock => 2}]);
	($case->{slow}, @{$case->{others}}) = map { $g->new_user } 1 .. 3;
	$proxy->hold($case->{name}, @{$case->{rule}}, $case->{slow}{userId});
}

sub limit {
	my ($case) = @_;

	return ($m->find('stock', [eventId => $case->{event}{eventId}]))[0];
}

sub granted {
	my ($case) = @_;

	return grep { $_->{state} eq 'GRANTED' } $m->find('claims',
	    [eventId => $case->{event}{eventId}]);
}

# The slow user's hold, until somebody settles it.
sub slow_hold {
	my ($case) = @_;

	return grep { $_->{userId} eq $case->{slow}{userId} }
	    values %{limit($case)->{held}};
}

# Stop whose message is held.
sub stop_worker {
	my ($case) = @_;
	my $port = $proxy->held($case->{name}) // return 0;
	my $pid = Guerdon::Proxy::owner($port, $g->workers('event')) or
	    die 'whose connection is held?';

	kill STOP => $pid or die "kill: $!";
	push @stopped, $pid;
	return $case->{pid} = $pid;
}

# All slow users at once.
my @queue = @cases;
http_drive(at => scalar @cases, until => 15,
    next => sub {
	my $case = shift @queue // return;
	return {%{$g->request(POST =>
	    "/v1/events/$case->{event}{eventId}/claims",
	    as => $case->{slow})}, case => $case};
    },
    done => sub { $_[0]{case}{first} = $_[1] },
    tick => sub {
	$_->{pid} || stop_worker($_) for @cases;
	return !grep { !$_->{pid} } @cases;
    });
my $began = time;
is(scalar(grep { $_->{pid} } @cases), 3, 'three workers are stopped');
for my $case (@cases) {
	is_problem($case->{first}, 503, 'SERVICE_UNAVAILABLE',
	    "stopped $case->{what}: its user is told that it isn't known");
	my ($one, $other) = @{$case->{others}};
	is_status($g->claim($case->{event}, $one), 201, '... one is left');
	is_problem($g->claim($case->{event}, $other), 409, 'SOLD_OUT',
	    '... and no other');
	my ($out, $status) = $g->guerdon('sweep');
	is($status, 0, '... a sweep') or diag($out);
	ok(slow_hold($case), '... leaves a hold that is young');
}

sleep $began + HOLD + 1 - time;
my @sweeps = map { [$g->guerdon('sweep')] } 1, 2;
is($_->[1], 0, 'the hold is old: a sweep') or diag($_->[0]) for @sweeps;
for my $case (@cases) {
	my ($one, $other) = @{$case->{others}};
	ok(!slow_hold($case), "$case->{what}: settled");
	is($m->count('claims', [userId => $case->{slow}{userId},
	    state => 'VOID']), $case->{frees}, '... by a void claim, or none');
	is(limit($case)->{left}, $case->{frees}, '... its unit is ' .
	    ($case->{frees} ? 'free again' : 'taken'));
	my $res = $g->claim($case->{event}, $other);
	$case->{frees} ? is_status($res, 201, '... and goes to another') :
	    is_problem($res, 409, 'SOLD_OUT', '... and nobody gets it');
}

sleep $began + STOP - time if time < $began + STOP;
for my $case (@cases) {
	my $trace = $case->{first}->trace;
	$proxy->release($case->{name});
	kill CONT => $case->{pid} or die "kill: $!";
	ok($g->wait_for(sub { grep { ($_->{traceId} // '') eq $trace }
	    $g->log('fcgi-event') }, 5), "$case->{what}: it has gone on");
	ok(-e "/proc/$case->{pid}", '... and lives');
	my ($line) = grep { ($_->{traceId} // '') eq $trace }
	    $g->log('fcgi-event');
	is($line->{status}, $case->{frees} ? 503 : 201, '... and has seen it');
}
for my $case (@cases) {
	my ($one, $other) = @{$case->{others}};
	my $slow = $case->{slow}{userId};
	is(scalar granted($case), 2, "$case->{what}: two are granted");
	my ($out, $status) = $g->guerdon('sweep');
	is($status, 0, '... one more sweep') or diag($out);
	is(limit($case)->{left}, 0, '... left + granted = stock');
	is_deeply(limit($case)->{held}, {}, '... no hold remains');
	my $again = $g->claim($case->{event}, $case->{slow});
	if ($case->{frees}) {
		is_problem($again, 409, 'SOLD_OUT', '... who came late is told');
		my $path = "/v1/rewards/$case->{event}{rewards}[0]{rewardId}";
		is_status($g->call(PATCH => $path, as => 'OPERATOR',
		    json => {stock => 3}, headers => ['If-Match', '*']), 200,
		    '... there is one more');
		is_status($g->claim($case->{event}, $case->{slow}), 201,
		    '... which is theirs');
	} else {
		is_problem($again, 409, 'ALREADY_CLAIMED',
		    '... the first claim counts');
		my ($claim) = grep { $_->{userId} eq $slow } granted($case);
		is($again->get('claimId'), $claim->{_id}, '... and is named');
	}
	my %by_user;
	$by_user{$_->{userId}}++ for granted($case);
	is($by_user{$slow}, 1, '... one claim is theirs');
	is(scalar(grep { $_ > 1 } values %by_user), 0, '... nobody has two');
}

done_testing;
