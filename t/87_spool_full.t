#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A full audit spool: attempts are 503 while the database is away, and granted
# again when it is back, without a restart; what was answered is in the audit.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Fcgi qw(fcgi_call);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 1, devdb => 1,
    conf => {spool_max => 65536});
my $user = $g->new_user;
my $event = $g->new_event;
my $workers = $g->workers('event');

# One attempt, as the gateway would pass it on; the answer's body.
sub attempt {
	my $c = Guerdon::Fcgi->connect($g->socket_path('event'));

	$c->send(fcgi_call(params => [
	    GUERDON_NODE_KEY => $g->node_key, GUERDON_ROLE => 'USER',
	    GUERDON_SUBJECT => $user->{userId}, GUERDON_BUDGET_MS => 3000,
	    REQUEST_METHOD => 'POST',
	    REQUEST_URI => "/v1/events/$event->{eventId}/claims"]));
	return $c->answer(5)->{body} // '';
}

$g->stop_database;
my ($full, $kept, $tries) = (0, 0, 0);
while ($full < 60 && $tries++ < 3000) {
	if (attempt() =~ /spool is full/) {
		$full++;
	} else {
		$full = 0;
		$kept++;
	}
}
is($full, 60, "every spool is full after $tries attempts");
for my $file (glob "$g->{home}/data/spool/*.spool") {
	cmp_ok(-s $file, '<=', 65536, 'a spool keeps to its limit');
}

# A new event, claimed: neither need be possible yet.
sub granted {
	my $e = eval { $g->new_event } // return 0;
	return $g->claim($e, $user)->status == 201;
}

$g->start_database;
ok($g->wait_for(\&granted, 20), 'claims are granted again');
ok((grep { granted() } 1 .. 12), '... by some workers at once');
ok($g->wait_for(sub { 6 == grep { granted() } 1 .. 6 }, 30),
    '... and by all of them');
is($g->workers('event'), $workers, '... which are as many as before');
ok($g->wait_for(sub {
	return $kept <= grep { $_->{result}{code} ne 'GRANTED' }
	    $g->list('/v1/audit?limit=100', as => 'AUDITOR');
    }, 20), "the $kept attempts that were taken down are in the audit");

done_testing;
