#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# 1,000 claims, 1,000 traces: the same id in the answer, in the logs of all
# three workers, in the claim and in the audit record.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Http qw(http_drive);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4);
my @users = map { $g->new_user } 1 .. 10;
my @events = map { $g->new_event } 1 .. 100;
my @todo = map { my $e = $_; map { [$e, $_] } @users } @events;
my (%trace, @bad);
my $n = 0;

http_drive(at => 16, until => 60, next => sub {
	my ($event, $user) = @{shift @todo // return undef};
	# Half of them bring a trace, half are given one.
	my $id = $n++ % 2 ? sprintf('%08x%024x', $$, $n) : undef;
	return {%{$g->request(POST => "/v1/events/$event->{eventId}/claims",
	    as => $user, headers => [$id ? ('traceparent',
	    "00-$id-00f067aa0ba902b7-01") : ()])}, trace => $id};
}, done => sub {
	my ($req, $res) = @_;
	my $id = $res->trace // '';
	push @bad, $res->brief if $res->status != 201 ||
	    $id ne $res->get('traceId') || ($req->{trace} // $id) ne $id;
	$trace{$id} = $res->get('claimId');
});
is(join(' ', @bad), '', '1,000 claims, each in its trace');
is(keys %trace, 1000, '1,000 traces');

sub missing { my %have = @_; return scalar grep { !$have{$_} } keys %trace }

my %claims = map { $_->{traceId} => $_->{claimId} }
    $g->list('/v1/claims?limit=100', as => 'AUDITOR');
is_deeply(\%claims, \%trace, 'each claim has the trace of its answer');
my %audit = map { $_->{traceId} => $_->{result}{claimId} }
    $g->audit('code=GRANTED', 1000, 5);
is_deeply(\%audit, \%trace, 'each audit record has trace and claim');
for my $pool (qw(gw auth event)) {
	my %seen;
	$g->wait_for(sub {
		%seen = map { ($_->{traceId} // '') => 1 } $g->log("fcgi-$pool");
		return !missing(%seen);
	}, 3);
	is(missing(%seen), 0, "the log of fcgi-$pool has all of them");
}
my @lines = grep { ($_->{operation} // '') eq 'claim_create' }
    $g->log('fcgi-event');
is(scalar @lines, 1000, 'each attempt is one line of the event workers');
is(scalar(grep { $_->{status} == 201 && $trace{$_->{traceId}} } @lines), 1000,
    '... that says 201');

# lighttpd's log has them too, so that it can be joined.  It is written every
# few seconds.
my $lost;
$g->wait_for(sub {
	my $access = Guerdon::Stack::slurp("$g->{home}/log/access.log");
	return !($lost = missing(map { $_ => 1 }
	    $access =~ /"00-([0-9a-f]{32})-/g));
}, 10);
is($lost, 0, "lighttpd's log has them");

done_testing;
