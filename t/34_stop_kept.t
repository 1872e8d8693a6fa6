#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A worker that is told to stop while a link is kept: it gives one more answer
# that says so, and ends when the link is closed, or after 3 s.  One without a
# link ends at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Fcgi qw(fcgi_call);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my @inner = (GUERDON_NODE_KEY => $g->node_key, GUERDON_ROLE => 'ADMIN',
    GUERDON_BUDGET_MS => 2000,
    GUERDON_SUBJECT => $g->person('USER')->{userId}, REQUEST_METHOD => 'GET',
    REQUEST_URI => '/v1/events');
my $n = 0;

sub gone { return !-e "/proc/$_[0]/exe" }

# A link with one call on it, and the worker that it pins.
sub pin {
	my ($pool) = @_;
	my $trace = sprintf '%08x%024x', $$, ++$n;
	my $c = Guerdon::Fcgi->connect($g->socket_path($pool));
	my ($line);

	$c->send(fcgi_call(keep => 1, params => [@inner, HTTP_TRACEPARENT =>
	    "00-$trace-00f067aa0ba902b7-01"]));
	my $answer = $c->answer(5);
	is($answer->{status}, 200, "$pool: a link");
	ok(!exists $answer->{headers}{'guerdon-link'}, '... that is to stay');
	$g->wait_for(sub { ($line) = grep { ($_->{traceId} // '') eq $trace }
	    $g->log("fcgi-$pool") }, 2);
	return ($c, $line->{pid});
}

my ($c, $pid) = pin('event');
kill TERM => $pid;
sleep 0.3;
ok(!gone($pid), 'TERM: the worker waits');
$c->send(fcgi_call(id => 2, keep => 1, params => \@inner));
my $answer = $c->answer(5);
is($answer->{status}, 200, '... and answers once more');
is($answer->{headers}{'guerdon-link'}, 'close', '... saying that it goes');
$c->close;
ok($g->wait_for(sub { gone($pid) }, 1), '... and is gone with the link');

($c, $pid) = pin('event');
my $begun = time;
kill TERM => $pid;
ok($c->closes(4), 'TERM: without another call the link is closed');
ok($g->wait_for(sub { gone($pid) }, 1), '... and the worker is gone');
cmp_ok(time - $begun, '>', 2, '... after a time for the other side');
cmp_ok(time - $begun, '<', 4, '... that has an end');

# The links of the gateway are closed when they were idle for a second.
sleep 1.6;
for my $pool (qw(gw auth event)) {
	($pid) = $g->workers($pool);
	$begun = time;
	kill TERM => $pid;
	ok($g->wait_for(sub { gone($pid) }, 2), "$pool: an idle worker ends");
	cmp_ok(time - $begun, '<', 0.6, '... at once');
}

# A supervisor that dies takes its workers with it: nobody would respawn them.
my %started;
ok($g->wait_for(sub {
	%started = map { $_->{pid} => 1 }
	    grep { $_->{message} eq 'worker started' } $g->log('fcgi-event');
	return $g->whole('event') && !grep { !$started{$_} }
	    $g->workers('event');
}, 5), 'the pool is whole');
my @workers = $g->workers('event');
kill KILL => $g->pool_pid('event');
ok($g->wait_for(sub { !grep { !gone($_) } @workers }, 5),
    'without their supervisor the workers end');
$g->start_pool('event');
is($g->call(GET => '/v1/events', as => 'USER')->status, 200,
    '... and a new pool works');

done_testing;
